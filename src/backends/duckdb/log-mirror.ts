import type { DuckDBConnection } from "@duckdb/node-api";
import type { Log, LogRow } from "../../state/log.js";
import type { Mirror, Write } from "./mirror.js";
import type { RowLayout } from "./row-mirror.js";
import { quoted } from "./sql-table.js";

/** Mirrors a log: each new row is written once. All rows are kept, or the newest `kept`. */
export class LogMirror<Row extends LogRow, Fields extends object> implements Mirror {
  readonly name: string;
  /** Rows that are not yet in the journal. */
  #unwritten: Row[] = [];
  /** Rows that are not yet in the SQL table. */
  #unstored: Row[] = [];

  constructor(
    private readonly log: Log<Row>,
    private readonly layout: RowLayout<Row, Fields>,
    private readonly kept = Number.POSITIVE_INFINITY,
  ) {
    this.name = layout.sql.name;
    log.keepsAll = kept === Number.POSITIVE_INFINITY;
  }

  definition(): string {
    return this.layout.sql.definition();
  }

  async load(connection: DuckDBConnection): Promise<void> {
    for await (const records of this.layout.sql.read(connection)) {
      for (const fields of records) this.log.load(this.layout.toRow(fields));
    }
    this.log.trim(this.kept);
  }

  note(key: string): void {
    const row = this.log.get(key);
    if (!row) return;
    this.#unwritten.push(row);
    this.#unstored.push(row);
    this.#forget();
  }

  check(key: string): void {
    const { sql, toFields } = this.layout;
    const row = this.log.get(key);
    if (row) sql.fromJson(sql.toJson(toFields(row, key)));
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
    this.log.trim(this.kept);
    this.#forget();
  }

  get lag(): number {
    return Math.min(this.#unstored.length, this.kept);
  }

  takeDifference(): Write | undefined {
    this.#unwritten = [];
    if (this.#unstored.length === 0) return undefined;
    const rows = this.#unstored.slice(-this.kept).map((row) => this.layout.toFields(row, row.key));
    this.#unstored = [];
    const oldest = this.log.size < this.kept ? undefined : this.log.oldestKey;
    return async (connection) => {
      if (oldest !== undefined) await this.#removeBefore(connection, oldest);
      await this.layout.sql.append(connection, rows);
    };
  }

  async #removeBefore(connection: DuckDBConnection, key: string): Promise<void> {
    const [ms = "", seq = ""] = key.split("-");
    const part = (n: number) => `CAST(split_part("key", '-', ${n}) AS BIGINT)`;
    await connection.run(
      `DELETE FROM ${quoted(this.name)} WHERE ${part(1)} < ${Number(ms)} OR (${part(1)} = ${Number(ms)} AND ${part(2)} < ${Number(seq)})`,
    );
  }

  /** Drops most of the rows that the log has forgotten before they were stored. */
  #forget(): void {
    if (this.#unstored.length > 2 * this.kept) this.#unstored = this.#unstored.slice(-this.kept);
  }
}
