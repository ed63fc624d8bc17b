/** What a file says of being open: a row with its newest checkpoint. Without a row it was closed, and needs no log. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { text, time } from "./columns.js";
import { SqlTable } from "./sql-table.js";

export interface OpenMark {
  readonly checkpoint: string;
  /** When that was, ms since 1970 by this machine's clock. */
  readonly at: number;
}

const table = new SqlTable<OpenMark>("open_mark", { checkpoint: text, at: time });

/** Absent in files of versions before 0.5. */
export async function readOpenMark(connection: DuckDBConnection): Promise<OpenMark | undefined> {
  if (!(await isThere(connection))) return undefined;
  for await (const [mark] of table.read(connection)) return mark;
  return undefined;
}

/** Within a transaction of the caller. */
export async function writeOpenMark(connection: DuckDBConnection, mark: OpenMark | undefined): Promise<void> {
  if (await isThere(connection)) await connection.run("DELETE FROM open_mark");
  else await table.create(connection);
  if (mark) await table.append(connection, [mark]);
}

/** Has a file say that it needs no log, and its log have nothing to say. */
export async function checkpointClosed(connection: DuckDBConnection): Promise<void> {
  if (await readOpenMark(connection)) {
    await connection.run("BEGIN");
    await writeOpenMark(connection, undefined);
    await connection.run("COMMIT");
  }
  await connection.run("CHECKPOINT");
}

async function isThere(connection: DuckDBConnection): Promise<boolean> {
  const found = await connection.run("SELECT 1 FROM duckdb_tables() WHERE table_name = 'open_mark' AND NOT internal");
  return (await found.getRows()).length > 0;
}
