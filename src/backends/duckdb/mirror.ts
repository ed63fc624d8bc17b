import type { DuckDBConnection } from "@duckdb/node-api";
import type { TableSizes } from "./sql-table.js";

/** Writes to SQL tables, within a transaction of the caller. */
export type Write = (connection: DuckDBConnection) => Promise<void>;

/** Mirrors a table of the state in a SQL table: every change goes to the journal first, and into the SQL table at a checkpoint. */
export interface Mirror {
  /** The name of the SQL table. */
  readonly name: string;

  /** The statement that makes the SQL table; undefined if a new file has none. */
  definition(): string | undefined;

  /** Fills the table of the state from the SQL table, if that has rows. Throws a TypeError when something there cannot be read. */
  load(connection: DuckDBConnection, sizes: TableSizes): Promise<void>;

  /** Notes that a row of the state changed; `before` is the old row. */
  note(key: string, before: unknown): void;

  /** Throws a TypeError if the row of the state, as it is now, could not be written. */
  check(key: string): void;

  /** The changes noted since the last call, in JSON, in their present form; undefined if there are none. */
  takeJournal(): string | undefined;

  /** Repeats in the state the changes that `takeJournal` wrote. Throws a TypeError if they cannot be read. */
  replay(changes: unknown): void;

  /** About how many rows the SQL table lacks. */
  readonly lag: number;

  /** The write that brings the SQL table up to date with the state; undefined if it is already. From now on the two count as equal. */
  takeDifference(): Write | undefined;
}
