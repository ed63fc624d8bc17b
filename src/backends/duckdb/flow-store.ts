import { randomUUID } from "node:crypto";
import type { DuckDBConnection } from "@duckdb/node-api";
import { openFlow } from "../../operations/open-flow.js";
import { newEpoch } from "../../state/epoch.js";
import { FileAccounts } from "../../state/file-accounts.js";
import { FlowState, SCHEMA_VERSION } from "../../state/flow-state.js";
import type { Change } from "../../state/table.js";
import { type BackendContext, callAt } from "../backend.js";
import { interpret } from "../interpret.js";
import { AccountMirror } from "./account-mirror.js";
import type { Acknowledged } from "./acknowledged.js";
import { CommitJournal } from "./commit-journal.js";
import type { StoredAccount } from "./control/messages.js";
import type { Mirror, Write } from "./mirror.js";
import type { OpenLog } from "./open-log.js";
import { checkpointClosed, writeOpenMark } from "./open-mark.js";
import { type TableSizes, tableSizes } from "./sql-table.js";
import { mirrorsOf } from "./tables.js";

/** The files beside an open file. */
export interface Beside {
  readonly log: OpenLog;
  readonly acknowledged: Acknowledged;
}

/** A checkpoint is due when one of these is reached. */
export interface CheckpointPolicy {
  /** Commits since the last one. */
  readonly commits: number;
  /** Length of the journal, in characters. */
  readonly length: number;
  /** Rows that the file's tables lack: what the next checkpoint has to write, which decides how long it takes. */
  readonly rows: number;
  /** After a pause of this length, ms, a checkpoint that is worth it disturbs nobody. */
  readonly idle: number;
}

export const CHECKPOINTS: CheckpointPolicy = { commits: 20_000, length: 16 * 1024 * 1024, rows: 30_000, idle: 1000 };

/** A longer row does not go into the journal. A checkpoint writes its changes instead, some at a time. */
const LONGEST_ROW = 16 * 1024 * 1024;

/** Trades as `getTrades` returns them: with what was booked on each after its end. */
const TRADES = `CREATE VIEW trades AS
SELECT r.* EXCLUDE (pnl, fees, cash, untold, ending, unexplained, told, forgotten),
  r.pnl + coalesce(a.pnl, 0) AS pnl,
  r.fees + coalesce(a.fees, 0) AS fees,
  r.cash + coalesce(a.cash, 0) AS cash,
  CASE WHEN r.untold > coalesce(a.explained, 0) THEN r.untold - coalesce(a.explained, 0) END AS untold,
  a.unpriced AS unpriced_since
FROM trade_records r LEFT JOIN trade_amendments a USING (key)
WHERE r.forgotten IS NULL`;

/** A flow's state in memory, and the tables of its file that mirror it. */
export class FlowStore {
  readonly state: FlowState;
  readonly accounts: FileAccounts;
  readonly #mirrors: ReadonlyMap<string, Mirror>;
  /** The next commit has to be a checkpoint. */
  #due = false;
  /** The checkpoint by which the file says that it is open; undefined: the file does not say so. */
  #checkpoint: string | undefined;

  private constructor(
    private readonly connection: DuckDBConnection,
    private readonly journal: CommitJournal,
    readonly policy: CheckpointPolicy,
    private readonly context: BackendContext,
    /** The files beside the open file; absent for a draft. */
    private readonly beside?: Beside,
  ) {
    const { flowId, maxEvents } = context;
    this.state = new FlowState(flowId);
    this.accounts = new FileAccounts(this.state.changes);
    this.state.accounts = this.accounts;
    const mirrors = [...mirrorsOf(this.state, flowId, maxEvents), new AccountMirror(this.accounts)];
    this.#mirrors = new Map(mirrors.map((mirror) => [mirror.name, mirror]));
  }

  /** Makes the tables of a new flow in an empty file. `fill` fills the flow; by default it is empty. */
  static async create(
    connection: DuckDBConnection,
    context: BackendContext,
    fill: (state: FlowState, accounts: FileAccounts) => void = (state) => openNew(state, context),
  ): Promise<void> {
    await connection.run(CommitJournal.definition());
    const store = new FlowStore(connection, await CommitJournal.open(connection), CHECKPOINTS, context);
    const tables = [...store.#mirrors.values()].flatMap((mirror) => mirror.definition() ?? []);
    await connection.run(["BEGIN", ...tables, TRADES, "COMMIT"].join(";\n"));
    fill(store.state, store.accounts);
    store.note(store.state.changes.take());
    await store.checkpoint();
  }

  /** Reads a stored flow. Changes nothing in the file. An error says what is wrong with the file. */
  static async load(
    connection: DuckDBConnection,
    context: BackendContext,
    policy: CheckpointPolicy,
    beside?: Beside,
    sizes?: TableSizes,
  ): Promise<FlowStore> {
    const store = new FlowStore(connection, await CommitJournal.open(connection), policy, context, beside);
    const rows = sizes ?? (await tableSizes(connection));
    for (const mirror of store.#mirrors.values()) {
      if (rows.get(mirror.name) !== 0) await mirror.load(connection, rows);
    }
    for await (const changes of store.journal.read()) store.#replay(changes);
    store.accounts.apply(store.state);
    return store;
  }

  /** Notes changes of the state that the next commit has to make durable. */
  note(changes: readonly Change[]): void {
    for (const { table, key, before } of changes) {
      this.#mirror(table.name).note(key, before);
      // The schema in the file must be written at once: it keeps out older versions, which know no accounts.
      if (table === this.state.meta && this.#saysAnotherSchema(before)) this.#due = true;
    }
  }

  /** Throws a TypeError if one of these rows, as it is now, could not be written. */
  check(changes: readonly Change[]): void {
    for (const { table, key } of changes) this.#mirror(table.name).check(key);
  }

  /** Makes everything durable that was noted before the call. */
  async commit(): Promise<void> {
    if (this.#checkpoint && this.beside?.log.isAsLeft === false) this.#missLog();
    // Commits from before the file was opened follow an older checkpoint than the next ones.
    const isOlder = !this.#checkpoint && this.journal.rows > 0;
    if (!this.#due && !isOlder && this.#progress < 1) {
      const tables = this.#takeJournal();
      if (tables.reduce((length, { length: more }) => length + more, 0) <= LONGEST_ROW) {
        if (!this.#checkpoint && this.beside) await this.#write([], this.beside);
        return this.#append(tables);
      }
    }
    await this.checkpoint();
  }

  /** The account that the flow is in, as it is stored. */
  get account(): StoredAccount | undefined {
    const name = this.accounts.current;
    return name === undefined ? undefined : { name, fields: new Map(this.accounts.of(name).fields.entries()) };
  }

  /** Whether a checkpoint would be worth its while when there is nothing else to do. */
  get isWorthCheckpoint(): boolean {
    return this.#progress >= 0.1;
  }

  /** Makes the next commit a checkpoint. */
  checkpointNext(): void {
    this.#due = true;
  }

  /** Brings the tables of the file up to date with the state, empties the journal, and lets DuckDB shorten its own log. */
  async checkpoint(): Promise<void> {
    this.#due = false;
    const writes = this.#takeDifferences();
    if (writes.length > 0 || this.journal.rows > 0) writes.push(() => this.journal.clear());
    await this.#write(writes, this.beside);
  }

  /** The last checkpoint: after it the file needs no log. */
  async leave(): Promise<void> {
    this.#due = false;
    const writes = this.#takeDifferences();
    if (writes.length > 0 || this.journal.rows > 0) writes.push(() => this.journal.clear());
    await this.#write(writes, undefined);
    await this.beside?.acknowledged.remove();
  }

  /** The same for a state whose newest changes were not committed: only what is in DuckDB's log gets into the file. */
  async leaveAsCommitted(): Promise<void> {
    await checkpointClosed(this.connection);
    await this.beside?.acknowledged.remove();
  }

  /** Closes the files beside it and leaves them as they are. */
  release(): void {
    this.beside?.acknowledged.release();
  }

  async #append(tables: readonly string[]): Promise<void> {
    await this.journal.append(tables, this.#checkpoint);
    if (this.beside?.log.grow() === false) {
      this.#missLog();
      await this.checkpoint();
    } else await this.beside?.acknowledged.note(this.journal.rows);
  }

  /** The log is gone, but DuckDB still has all its content: the next commit is a checkpoint, which needs no log. */
  #missLog(): void {
    this.#due = true;
    this.context.warn?.(
      `${this.beside?.log.path} was removed, replaced or changed by somebody else while the file is open. What it held is being written into the file itself, and nothing is lost; a crash before that would have lost it`,
    );
  }

  /** Writes, and makes a checkpoint. With `beside`, the file says from then on that it is open, and which checkpoint this was. */
  async #write(writes: readonly Write[], beside: Beside | undefined): Promise<void> {
    const mark = beside && { checkpoint: randomUUID(), at: Date.now() };
    if (mark) {
      await beside.acknowledged.begin(mark.checkpoint);
      await beside.log.begin();
    }
    if (mark || this.#checkpoint || writes.length > 0) {
      await this.connection.run("BEGIN");
      for (const write of writes) await write(this.connection);
      await writeOpenMark(this.connection, mark);
      await this.connection.run("COMMIT");
    }
    await this.connection.run("CHECKPOINT");
    this.#checkpoint = mark?.checkpoint;
    beside?.acknowledged.finish();
    await beside?.log.begin();
  }

  /** How far it is to the next checkpoint: 1 when it is due. */
  get #progress(): number {
    let lag = 0;
    for (const mirror of this.#mirrors.values()) lag += mirror.lag;
    const { commits, length, rows } = this.policy;
    return Math.max(this.journal.rows / commits, this.journal.length / length, lag / rows);
  }

  #takeDifferences(): Write[] {
    return [...this.#mirrors.values()].flatMap((mirror) => mirror.takeDifference() ?? []);
  }

  /** The noted changes, in JSON, one text for each table. */
  #takeJournal(): string[] {
    const tables: string[] = [];
    for (const mirror of this.#mirrors.values()) {
      const changes = mirror.takeJournal();
      if (changes !== undefined) tables.push(`${JSON.stringify(mirror.name)}:${changes}`);
    }
    return tables;
  }

  #replay(changes: string): void {
    const tables: unknown = JSON.parse(changes);
    if (typeof tables !== "object" || tables === null) throw new TypeError("journal: expected changes by table");
    const { after: _, ...byTable } = { after: undefined, ...tables };
    for (const [name, ofTable] of Object.entries(byTable)) this.#mirror(name).replay(ofTable);
  }

  #saysAnotherSchema(before: unknown): boolean {
    const schema = typeof before === "object" && before !== null && "schema" in before ? before.schema : undefined;
    return schema !== undefined && schema !== this.state.meta.value?.schema;
  }

  #mirror(name: string): Mirror {
    const mirror = this.#mirrors.get(name);
    if (!mirror) throw new TypeError(`there is no table ${JSON.stringify(name)}`);
    return mirror;
  }
}

function openNew(state: FlowState, context: BackendContext): void {
  interpret(openFlow, state, { epoch: newEpoch(), schema: SCHEMA_VERSION }, callAt(context, ""));
}
