import type { DuckDBConnection } from "@duckdb/node-api";

/** Writes to SQL tables, within a transaction of the caller. */
export type Write = (connection: DuckDBConnection) => Promise<void>;

/** Keeps a SQL table like a table of the state: every change goes to the journal first, and into the SQL table at a checkpoint. */
export interface Mirror {
  /** The name of the SQL table. */
  readonly name: string;

  create(connection: DuckDBConnection): Promise<void>;

  /** Fills the table of the state from the SQL table. Throws a TypeError when something there cannot be read. */
  load(connection: DuckDBConnection): Promise<void>;

  /** Notes that a row of the state changed; `before` is what stood there. */
  note(key: string, before: unknown): void;

  /** Throws a TypeError when the row of the state, as it is now, could not be written. */
  check(key: string): void;

  /** What was noted since it was last asked for, in JSON, as it is now; undefined when nothing was. */
  takeJournal(): string | undefined;

  /** Makes changes in the state again that `takeJournal` wrote. Throws a TypeError when they cannot be read. */
  replay(changes: unknown): void;

  /** About how many rows the SQL table lacks. */
  readonly lag: number;

  /** The write that brings the SQL table up to date with the state; undefined if it is. From now on they count as equal. */
  takeDifference(): Write | undefined;
}
