/**
 * The mark of an open file: a row with its newest checkpoint. A file without the row was closed and needs no log. A file whose checkpoint begins with `CLOSED`
 * was closed as well, with commits in its journal that follow the checkpoint.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { text, time } from "./columns.js";
import { SqlTable, type TableSizes, tableSizes } from "./sql-table.js";

export interface OpenMark {
  readonly checkpoint: string;
  /** Time of the checkpoint, ms since 1970 by this machine's clock. */
  readonly at: number;
}

export interface FileMark {
  /** Absent in a file that was closed. */
  readonly open?: OpenMark;
  /** The checkpoint that the journal's commits follow; absent if there are no commits, or if they do not say it. */
  readonly journal?: string;
}

const CLOSED = "closed ";

const table = new SqlTable<OpenMark>("open_mark", { checkpoint: text, at: time });

/** Absent in files of versions before 0.5. */
export async function readMark(connection: DuckDBConnection, sizes: TableSizes): Promise<FileMark> {
  if (!sizes.has(table.name)) return {};
  for await (const [mark] of table.read(connection)) {
    if (mark?.checkpoint.startsWith(CLOSED)) return { journal: mark.checkpoint.slice(CLOSED.length) };
    if (mark) return { open: mark, journal: mark.checkpoint };
  }
  return {};
}

/** Within a transaction of the caller. */
export async function writeOpenMark(connection: DuckDBConnection, mark: OpenMark | undefined): Promise<void> {
  await connection.run(`${table.definition(true)}; DELETE FROM open_mark`);
  if (mark) await table.append(connection, [mark]);
}

/** Marks that the file needs no log from now on; its journal stays. Within a transaction of the caller. */
async function closeMark(connection: DuckDBConnection): Promise<void> {
  const { open } = await readMark(connection, await tableSizes(connection));
  if (open) await writeOpenMark(connection, { ...open, checkpoint: `${CLOSED}${open.checkpoint}` });
}

/** Marks the file as one that needs no log, and empties the log by a checkpoint. The journal stays. */
export async function checkpointClosed(connection: DuckDBConnection): Promise<void> {
  await connection.run("BEGIN");
  await closeMark(connection);
  await connection.run("COMMIT");
  await connection.run("CHECKPOINT");
}
