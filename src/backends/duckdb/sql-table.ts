import { setImmediate as nextTurn } from "node:timers/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { errorText } from "../../words/error-text.js";
import type { Columns } from "./columns.js";
import { duckdb } from "./library.js";

/** Rows sent to DuckDB without a pause for others in this process: this takes a few ms. */
const ROWS_AT_ONCE = 1024;
const KEYS_AT_ONCE = 4096;

/**
 * A table with typed columns and without an index. Keys are unique because the state in memory is a map. An index would cost memory, disk and time, and no
 * query here needs it.
 */
export class SqlTable<Fields extends object> {
  readonly #names: Extract<keyof Fields, string>[] = [];

  constructor(
    readonly name: string,
    readonly columns: Columns<Fields>,
  ) {
    for (const name in columns) this.#names.push(name);
  }

  /** The statement that makes the table. `ifMissing`: it does nothing if the file has the table. */
  definition(ifMissing = false): string {
    const columns = this.#names.map((name) => {
      const { type, nullable } = this.columns[name];
      return `${quoted(name)} ${type(duckdb())}${nullable ? "" : " NOT NULL"}`;
    });
    return `CREATE TABLE ${ifMissing ? "IF NOT EXISTS " : ""}${quoted(this.name)} (${columns.join(", ")})`;
  }

  /** All rows, some at a time, ordered by some columns. Throws a TypeError that names a row that cannot be read. */
  async *read(
    connection: DuckDBConnection,
    order: readonly Extract<keyof Fields, string>[] = [],
  ): AsyncGenerator<Fields[]> {
    const columns = this.#names.map((name) => (this.columns[name].selected ?? String)(quoted(name))).join(", ");
    const orderBy = order.length === 0 ? "" : ` ORDER BY ${order.map(quoted).join(", ")}`;
    const result = await connection.run(`SELECT ${columns} FROM ${quoted(this.name)}${orderBy}`);
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      const values = chunk.getColumns();
      yield Array.from({ length: chunk.rowCount }, (_, row) =>
        this.#record((name, column) => this.columns[name].fromSql(values[column]?.[row] ?? null)),
      );
    }
  }

  async append(connection: DuckDBConnection, records: readonly Fields[]): Promise<void> {
    const library = duckdb();
    const types = this.#names.map((name) => this.columns[name].type(library));
    const appender = await connection.createAppender(this.name);
    try {
      for (let start = 0; start < records.length; start += ROWS_AT_ONCE) {
        if (start > 0) await nextTurn();
        const some = records.slice(start, start + ROWS_AT_ONCE);
        const chunk = library.DuckDBDataChunk.create(types, some.length);
        chunk.setColumns(this.#names.map((name) => some.map((record) => this.columns[name].toSql(record[name]))));
        appender.appendDataChunk(chunk);
      }
    } finally {
      appender.closeSync();
    }
  }

  /** Removes every row whose `column`, a text, is one of `keys`. */
  async remove(
    connection: DuckDBConnection,
    column: Extract<keyof Fields, string>,
    keys: readonly string[],
  ): Promise<void> {
    const { LIST, listValue, VARCHAR } = duckdb();
    const statement = await connection.prepare(
      `DELETE FROM ${quoted(this.name)} WHERE ${quoted(column)} IN (SELECT unnest($1))`,
    );
    try {
      for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) {
        statement.bindList(1, listValue(keys.slice(start, start + KEYS_AT_ONCE)), LIST(VARCHAR));
        await statement.run();
      }
    } finally {
      statement.destroySync();
    }
  }

  toJson(record: Fields): Record<string, string | number | null> {
    const found: Record<string, string | number | null> = {};
    for (const name of this.#names) found[name] = this.columns[name].toJson(record[name]);
    return found;
  }

  fromJson(value: object): Fields {
    const found = new Map<string, unknown>(Object.entries(value));
    return this.#record((name) => this.columns[name].fromJson(found.get(name) ?? null));
  }

  #record(read: <Name extends Extract<keyof Fields, string>>(name: Name, column: number) => Fields[Name]): Fields {
    const record: Partial<Fields> = {};
    this.#names.forEach((name, column) => {
      try {
        record[name] = read(name, column);
      } catch (error) {
        throw new TypeError(`${this.name}.${name}: ${errorText(error)}`, {
          cause: error,
        });
      }
    });
    if (!this.#isComplete(record)) throw new TypeError(`${this.name}: a row without all of its columns`);
    return record;
  }

  #isComplete(record: Partial<Fields>): record is Fields {
    return this.#names.every((name) => name in record);
  }
}

/** The library's own tables of a file by name, each with how many rows it has at most: rows that were removed may count. */
export type TableSizes = ReadonlyMap<string, number>;

export async function tableSizes(connection: DuckDBConnection): Promise<TableSizes> {
  const found = await connection.runAndReadAll(
    "SELECT table_name, estimated_size FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = 'main'",
  );
  return new Map(found.getRows().map(([name, size]) => [String(name), Number(size)]));
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
