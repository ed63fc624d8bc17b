import type { DuckDBConnection, DuckDBPreparedStatement } from "@duckdb/node-api";
import { text, time, whole } from "./columns.js";
import { duckdb } from "./library.js";
import { SqlTable } from "./sql-table.js";

/**
 * The changes of one commit: JSON by table, `{"positions":[["p1",{...}],["p2",null]],"events":[{...}]}`. The first row begins with the checkpoint that it
 * follows, `{"after":"...",`. So a log of another time that was put beside the file is noticed: it does not follow the file's checkpoint.
 */
interface JournalRow {
  readonly seq: number;
  readonly at: number;
  readonly changes: string;
}

const table = new SqlTable<JournalRow>("journal", { seq: whole, at: time, changes: text });

/** All changes since the last checkpoint: one row for every commit. The table has no key, because such a row is cheapest to add. */
export class CommitJournal {
  #rows = 0;
  #length = 0;
  #seq = 0;

  private constructor(
    private readonly connection: DuckDBConnection,
    private readonly insert: DuckDBPreparedStatement,
  ) {}

  static definition(): string {
    return table.definition();
  }

  static async open(connection: DuckDBConnection): Promise<CommitJournal> {
    return new CommitJournal(connection, await connection.prepare("INSERT INTO journal VALUES ($1, $2, $3)"));
  }

  /** How many rows it has. */
  get rows(): number {
    return this.#rows;
  }

  /** How long its rows are, in characters. */
  get length(): number {
    return this.#length;
  }

  /** Adds a row, in JSON by table. Resolves when it is durable. `checkpoint`: the last one. */
  async append(tables: readonly string[], checkpoint: string | undefined): Promise<void> {
    const start = this.#rows === 0 && checkpoint !== undefined ? [`"after":${JSON.stringify(checkpoint)}`] : [];
    const changes = `{${[...start, ...tables].join(",")}}`;
    this.#seq++;
    this.insert.bindBigInt(1, BigInt(this.#seq));
    const { DuckDBTimestampTZValue } = duckdb();
    this.insert.bindTimestampTZ(2, new DuckDBTimestampTZValue(BigInt(Date.now()) * 1000n));
    this.insert.bindVarchar(3, changes);
    await this.insert.run();
    this.#rows++;
    this.#length += changes.length;
  }

  /** The changes of every row, oldest first. Throws a TypeError when one is missing. */
  async *read(): AsyncGenerator<string> {
    for await (const rows of table.read(this.connection, ["seq"])) {
      for (const { seq, changes } of rows) {
        if (this.#rows > 0 && seq !== this.#seq + 1) throw new TypeError(`journal: row ${this.#seq + 1} is missing`);
        this.#seq = seq;
        this.#rows++;
        this.#length += changes.length;
        yield changes;
      }
    }
  }

  /** Removes every row, within a transaction of the caller. */
  async clear(): Promise<void> {
    await this.connection.run("DELETE FROM journal");
    this.#rows = 0;
    this.#length = 0;
  }
}

export interface JournalStart {
  /** How many commits the journal holds. */
  readonly commits: number;
  /** The checkpoint that the first commit follows; undefined if the row does not say it, as in versions before 0.5. */
  readonly after: string | undefined;
}

export async function journalStart(connection: DuckDBConnection): Promise<JournalStart> {
  const question = `SELECT count(*), arg_min(left("changes", ${LONGEST_START}), seq) FROM journal`;
  const [row] = (await connection.runAndReadAll(question)).getRows();
  return { commits: Number(row?.[0]), after: /^\{"after":"([^"]*)"/.exec(String(row?.[1]))?.[1] };
}

const LONGEST_START = 100;
