import type { DuckDBConnection } from "@duckdb/node-api";
import type { Log, LogRow } from "../../state/log.js";
import type { Mirror, Write } from "./mirror.js";
import type { RowLayout } from "./row-mirror.js";

/** Mirrors a log: what is appended is written once, and kept without a bound. */
export class LogMirror<Row extends LogRow, Fields extends object> implements Mirror {
  readonly name: string;
  /** Rows that are not yet in the journal. */
  #unwritten: Row[] = [];
  /** Rows that are not yet in the SQL table. */
  #unstored: Row[] = [];

  constructor(
    private readonly log: Log<Row>,
    private readonly layout: RowLayout<Row, Fields>,
  ) {
    this.name = layout.sql.name;
    log.keepsAll = true;
  }

  create(connection: DuckDBConnection): Promise<void> {
    return this.layout.sql.create(connection);
  }

  async load(connection: DuckDBConnection): Promise<void> {
    for await (const records of this.layout.sql.read(connection)) {
      for (const fields of records) this.log.load(this.layout.toRow(fields));
    }
  }

  note(key: string): void {
    const row = this.log.get(key);
    if (!row) return;
    this.#unwritten.push(row);
    this.#unstored.push(row);
  }

  takeJournal(): string | undefined {
    if (this.#unwritten.length === 0) return undefined;
    const rows = this.#unwritten.map((row) => [row.key, this.layout.sql.toJson(this.layout.toFields(row, row.key))]);
    this.#unwritten = [];
    return JSON.stringify(rows);
  }

  replay(rows: unknown): void {
    if (!Array.isArray(rows)) throw new TypeError(`${this.name}: expected a list of rows`);
    for (const change of rows) {
      const [, fields]: unknown[] = Array.isArray(change) ? change : [];
      if (typeof fields !== "object" || fields === null) throw new TypeError(`${this.name}: expected a key and a row`);
      const row = this.layout.toRow(this.layout.sql.fromJson(fields));
      this.log.load(row);
      this.#unstored.push(row);
    }
  }

  get lag(): number {
    return this.#unstored.length;
  }

  takeDifference(): Write | undefined {
    this.#unwritten = [];
    if (this.#unstored.length === 0) return undefined;
    const rows = this.#unstored.map((row) => this.layout.toFields(row, row.key));
    this.#unstored = [];
    return (connection) => this.layout.sql.append(connection, rows);
  }
}
