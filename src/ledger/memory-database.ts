/** A DuckDB of the command's own, in memory; never the bot's. Once locked, it can read only what was put into it. */
import type {
  DuckDBConnection,
  DuckDBExtractedStatements,
  DuckDBInstance,
  DuckDBResultReader,
  DuckDBType,
  DuckDBValue,
} from "@duckdb/node-api";
import { duckdb, loadDuckdb } from "../backends/duckdb/library.js";
import { InvalidArgumentError } from "../errors.js";
import { errorText } from "../words/error-text.js";
import type { Cell, CellKind, Column } from "./column.js";

/** Rows that a chunk of DuckDB takes. */
const CHUNK = 2048;
const SQL_TYPES: Readonly<Record<CellKind, string>> = {
  text: "VARCHAR",
  double: "DOUBLE",
  whole: "BIGINT",
  money: "DECIMAL(38, 8)",
  time: "TIMESTAMPTZ",
  truth: "BOOLEAN",
};

export class MemoryDatabase implements Disposable {
  private constructor(
    readonly connection: DuckDBConnection,
    private readonly instance: DuckDBInstance,
  ) {}

  /** Rejects with a ConfigError if DuckDB's library is missing; `who` names what needs it. */
  static async open(who: string, memory = "1GB"): Promise<MemoryDatabase> {
    const { DuckDBInstance } = await loadDuckdb(who);
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: memory,
      threads: "2",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    return new MemoryDatabase(connection, instance);
  }

  /** Makes a table, and returns what adds rows to it. */
  async table<Source>(name: string, columns: readonly Column<Source>[]): Promise<MemoryTable<Source>> {
    const list = columns.map((column) => `${quoted(column.name)} ${SQL_TYPES[column.kind]}`).join(", ");
    await this.connection.run(`CREATE TABLE ${quoted(name)} (${list})`);
    return MemoryTable.open(this.connection, name, columns);
  }

  /** Writes a table to a file. */
  async writeParquet(table: string, path: string): Promise<void> {
    await this.connection.run(
      `COPY ${quoted(table)} TO '${path.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`,
    );
  }

  /** From now on nothing outside can be read or written: no files, no extensions, no other databases, no settings. */
  async lock(): Promise<void> {
    await this.connection.run("SET enable_external_access = false");
    await this.connection.run("SET lock_configuration = true");
  }

  /** Rejects with an InvalidArgumentError unless the text is one SQL statement. This is checked before a flow is read for it. */
  async check(question: string): Promise<void> {
    await this.#statementIn(question);
  }

  async #statementIn(question: string): Promise<DuckDBExtractedStatements> {
    const statements = await this.connection.extractStatements(question).catch((cause: unknown) => {
      throw new InvalidArgumentError(`sql: ${errorText(cause)}`, { cause });
    });
    if (statements.count !== 1) throw new InvalidArgumentError("sql: expected one statement");
    return statements;
  }

  /**
   * Answers one read-only question. Rejects with an InvalidArgumentError for anything else, for what DuckDB does not understand, and if it takes longer
   * than `ms`.
   */
  async ask(question: string, ms: number): Promise<DuckDBResultReader> {
    const { StatementType } = duckdb();
    const reading = [StatementType.SELECT, StatementType.EXPLAIN];
    const statements = await this.#statementIn(question);
    try {
      const prepared = await statements.prepare(0);
      if (!reading.includes(prepared.statementType)) {
        const kind = StatementType[prepared.statementType] ?? "OTHER";
        throw new InvalidArgumentError(`sql: expected a query (SELECT), got ${kind}: nothing can be changed here`);
      }
      const timer = setTimeout(() => this.connection.interrupt(), ms);
      try {
        return await prepared.runAndReadAll();
      } finally {
        clearTimeout(timer);
      }
    } catch (cause) {
      if (cause instanceof InvalidArgumentError) throw cause;
      const text = errorText(cause);
      if (/interrupted/i.test(text)) {
        throw new InvalidArgumentError(`sql: no answer within ${ms} ms: ask for less, or say --timeout`, { cause });
      }
      throw new InvalidArgumentError(`sql: ${text}`, { cause });
    }
  }

  [Symbol.dispose](): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }
}

/** Adds rows to a table, chunk by chunk. */
export class MemoryTable<Source> {
  #waiting: Source[] = [];
  readonly #types: readonly DuckDBType[];

  private constructor(
    private readonly appender: Awaited<ReturnType<DuckDBConnection["createAppender"]>>,
    private readonly columns: readonly Column<Source>[],
  ) {
    this.#types = columns.map(({ kind }) => typeOf(kind));
  }

  static async open<Source>(
    connection: DuckDBConnection,
    name: string,
    columns: readonly Column<Source>[],
  ): Promise<MemoryTable<Source>> {
    return new MemoryTable(await connection.createAppender(name), columns);
  }

  add(source: Source): void {
    this.#waiting.push(source);
    if (this.#waiting.length === CHUNK) this.#append();
  }

  /** Writes the waiting rows; no rows can be added after that. */
  end(): void {
    if (this.#waiting.length > 0) this.#append();
    this.appender.closeSync();
  }

  #append(): void {
    const rows = this.#waiting;
    this.#waiting = [];
    const chunk = duckdb().DuckDBDataChunk.create(this.#types, rows.length);
    for (const [at, { cell }] of this.columns.entries()) {
      chunk.setColumnValues(
        at,
        rows.map((row) => sqlValue(cell(row))),
      );
    }
    this.appender.appendDataChunk(chunk);
  }
}

function typeOf(kind: CellKind): DuckDBType {
  const { BIGINT, BOOLEAN, DECIMAL, DOUBLE, TIMESTAMPTZ, VARCHAR } = duckdb();
  switch (kind) {
    case "text":
      return VARCHAR;
    case "double":
      return DOUBLE;
    case "whole":
      return BIGINT;
    case "money":
      return DECIMAL(38, 8);
    case "time":
      return TIMESTAMPTZ;
    case "truth":
      return BOOLEAN;
  }
}

function sqlValue(cell: Cell): DuckDBValue {
  if (cell.value === null) return null;
  const { DuckDBDecimalValue, DuckDBTimestampTZValue } = duckdb();
  switch (cell.kind) {
    case "whole":
      return BigInt(cell.value);
    case "money":
      return new DuckDBDecimalValue(cell.value, 38, 8);
    case "time":
      return new DuckDBTimestampTZValue(BigInt(cell.value.getTime()) * 1000n);
    default:
      return cell.value;
  }
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
