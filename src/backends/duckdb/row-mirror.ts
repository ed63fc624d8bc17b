import type { DuckDBConnection } from "@duckdb/node-api";
import type { Table } from "../../state/table.js";
import type { Mirror, Write } from "./mirror.js";
import { quoted, type SqlTable } from "./sql-table.js";

/** How the rows of a table of the state are stored in a SQL table. */
export interface RowLayout<Row, Fields extends object> {
  readonly sql: SqlTable<Fields>;
  /** The column that holds the key; absent for a table of one row. */
  readonly key?: Extract<keyof Fields, string>;
  /** The order in which rows load fastest. */
  readonly order?: readonly Extract<keyof Fields, string>[];
  toFields(row: Row, key: string): Fields;
  toRow(fields: Fields): Row;
  keyOf(fields: Fields): string;
}

/** Mirrors a table of rows by key. */
export class RowMirror<Row, Fields extends object> implements Mirror {
  readonly name: string;
  /** Keys whose change is not yet in the journal. */
  readonly #unwritten = new Set<string>();
  /** Keys whose row differs from the SQL table's; true if the SQL table has a row of that key. */
  readonly #differing = new Map<string, boolean>();

  constructor(
    private readonly table: Table<Row>,
    private readonly layout: RowLayout<Row, Fields>,
  ) {
    this.name = layout.sql.name;
  }

  definition(): string {
    return this.layout.sql.definition();
  }

  async load(connection: DuckDBConnection): Promise<void> {
    const { sql, order } = this.layout;
    for await (const records of sql.read(connection, order)) {
      for (const fields of records) {
        const key = this.layout.keyOf(fields);
        if (this.table.get(key) !== undefined) throw new TypeError(`${this.name}: two rows of ${JSON.stringify(key)}`);
        this.table.restore(key, this.layout.toRow(fields));
      }
    }
  }

  note(key: string, before: unknown): void {
    this.#unwritten.add(key);
    if (!this.#differing.has(key)) this.#differing.set(key, before !== undefined);
  }

  check(key: string): void {
    const { sql, toFields } = this.layout;
    const row = this.table.get(key);
    if (row !== undefined) sql.fromJson(sql.toJson(toFields(row, key)));
  }

  takeJournal(): string | undefined {
    if (this.#unwritten.size === 0) return undefined;
    const changes = Array.from(this.#unwritten, (key) => {
      const row = this.table.get(key);
      return [key, row === undefined ? null : this.layout.sql.toJson(this.layout.toFields(row, key))];
    });
    this.#unwritten.clear();
    return JSON.stringify(changes);
  }

  replay(changes: unknown): void {
    if (!Array.isArray(changes)) throw new TypeError(`${this.name}: expected a list of changes`);
    for (const change of changes) {
      const [key, fields]: unknown[] = Array.isArray(change) ? change : [];
      if (typeof key !== "string" || typeof fields !== "object")
        throw new TypeError(`${this.name}: expected a key and a row`);
      if (!this.#differing.has(key)) this.#differing.set(key, this.table.get(key) !== undefined);
      this.table.restore(key, fields === null ? undefined : this.layout.toRow(this.layout.sql.fromJson(fields)));
    }
  }

  get lag(): number {
    return this.#differing.size;
  }

  takeDifference(): Write | undefined {
    this.#unwritten.clear();
    if (this.#differing.size === 0) return undefined;
    const gone: string[] = [];
    const rows: [string, Row][] = [];
    for (const [key, stored] of this.#differing) {
      const row = this.table.get(key);
      if (stored) gone.push(key);
      if (row !== undefined) rows.push([key, row]);
    }
    this.#differing.clear();
    return (connection) => this.#write(connection, gone, rows);
  }

  async #write(connection: DuckDBConnection, gone: readonly string[], rows: readonly [string, Row][]): Promise<void> {
    const { sql, key } = this.layout;
    if (gone.length > 0) {
      if (key === undefined) await connection.run(`DELETE FROM ${quoted(this.name)}`);
      else await sql.remove(connection, key, gone);
    }
    if (rows.length > 0) {
      await sql.append(
        connection,
        rows.map(([id, row]) => this.layout.toFields(row, id)),
      );
    }
  }
}
