/** The exchange accounts of a file's flow, in typed SQL tables. A file whose flow was never in an account has no such tables. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { ACCOUNT_LIMITS, type AccountLimitName } from "../../config/account.js";
import { limitText } from "../../layout/limit-text.js";
import { limitOriginRow, limitOriginText } from "../../layout/stored-records.js";
import {
  type AccountFlowRow,
  type AccountLimitRow,
  type AccountRow,
  type AccountSlotsRow,
  account,
  accountFlow,
  accountLimit,
  accountSlots,
} from "../../records/account.js";
import { hashOf } from "../../records/hash.js";
import { hashReader } from "../../records/stored.js";
import { type FileAccounts, splitKey } from "../../state/file-accounts.js";
import { text, whole } from "./columns.js";
import type { Mirror, Write } from "./mirror.js";
import { columnsOf } from "./record-columns.js";
import { quoted, SqlTable, type TableSizes } from "./sql-table.js";

type OfAccount<Row> = Row & { readonly account: string };

/** `is_in`: 1 for the account that the flow is in. */
const RISK = new SqlTable<OfAccount<AccountRow> & { readonly is_in: number }>("account_risk", {
  ...{ account: text, is_in: whole },
  ...columnsOf(account),
});
const FLOWS = new SqlTable<OfAccount<AccountFlowRow> & { readonly flow_id: string }>("account_flows", {
  ...{ account: text, flow_id: text },
  ...columnsOf(accountFlow),
});
const LIMITS = new SqlTable<OfAccount<AccountLimitRow>>("account_limits", {
  account: text,
  ...columnsOf(accountLimit),
});
const SLOTS = new SqlTable<OfAccount<AccountSlotsRow>>("account_slots", { account: text, ...columnsOf(accountSlots) });

const readAccount = hashReader(account);
const readFlow = hashReader(accountFlow);

/** The rows made of the texts of all accounts. */
interface Rows {
  readonly risk: (AccountRow & { readonly account: string; readonly is_in: number })[];
  readonly flows: (AccountFlowRow & { readonly account: string; readonly flow_id: string })[];
  readonly limits: OfAccount<AccountLimitRow>[];
  readonly slots: OfAccount<AccountSlotsRow>[];
}

/** Mirrors the texts of accounts. All its tables are written at each checkpoint: they are small. */
export class AccountMirror implements Mirror {
  readonly name: string;
  readonly #unwritten = new Set<string>();
  #lag = 0;

  constructor(private readonly accounts: FileAccounts) {
    this.name = accounts.texts.name;
  }

  /** The tables are made once there is an account to write. */
  definition(): undefined {
    return undefined;
  }

  async load(connection: DuckDBConnection, sizes: TableSizes): Promise<void> {
    if (!sizes.has(RISK.name)) return;
    const put = (name: string, field: string, value: string) => this.accounts.texts.restore(`${name}|${field}`, value);
    for await (const rows of RISK.read(connection)) {
      for (const { account: name, is_in, ...row } of rows) {
        const { breaker_until, ...texts } = hashOf(account, row);
        for (const [field, value] of Object.entries(texts)) put(name, field, value);
        if (texts.breaker_source !== undefined) put(name, "breaker_until", breaker_until ?? "");
        if (is_in === 1) this.accounts.texts.restore("", name);
      }
    }
    for await (const rows of FLOWS.read(connection)) {
      for (const { account: name, flow_id, ...row } of rows) {
        for (const [field, value] of Object.entries(hashOf(accountFlow, row))) put(name, `${flow_id}|${field}`, value);
      }
    }
    for await (const rows of LIMITS.read(connection)) {
      for (const { account: name, name: limit, value, set_by, who, set_at, ...held } of rows) {
        const known = limitOf(limit);
        put(name, known, limitText(known, value));
        if (set_by === null || who === null || set_at === null) continue;
        put(name, `by:${known}`, limitOriginText({ limit: known, by: set_by, who, at: set_at, ...held }));
      }
    }
    for await (const rows of SLOTS.read(connection)) {
      for (const { account: name, flow_id, pair, slots } of rows)
        put(name, `${flow_id === null ? "" : `${flow_id}|`}slots:${pair}`, String(slots));
    }
  }

  note(key: string): void {
    this.#unwritten.add(key);
    this.#lag++;
  }

  /** Checks the whole account of the key: a single text is no row. */
  check(): void {
    rowsOf(this.accounts);
  }

  takeJournal(): string | undefined {
    if (this.#unwritten.size === 0) return undefined;
    const changes = Array.from(this.#unwritten, (key) => [key, this.accounts.texts.get(key) ?? null]);
    this.#unwritten.clear();
    return JSON.stringify(changes);
  }

  replay(changes: unknown): void {
    if (!Array.isArray(changes)) throw new TypeError(`${this.name}: expected a list of changes`);
    for (const change of changes) {
      const [key, value]: unknown[] = Array.isArray(change) ? change : [];
      if (typeof key !== "string" || (typeof value !== "string" && value !== null))
        throw new TypeError(`${this.name}: expected a field and a text`);
      this.#lag++;
      this.accounts.texts.restore(key, value ?? undefined);
    }
  }

  get lag(): number {
    return this.#lag;
  }

  takeDifference(): Write | undefined {
    this.#unwritten.clear();
    if (this.#lag === 0) return undefined;
    this.#lag = 0;
    const rows = rowsOf(this.accounts);
    return (connection) => write(connection, rows);
  }
}

async function write(connection: DuckDBConnection, { risk, flows, limits, slots }: Rows): Promise<void> {
  const tables = [RISK, FLOWS, LIMITS, SLOTS];
  for (const each of tables) {
    await connection.run(`${each.definition(true)}; DELETE FROM ${quoted(each.name)}`);
  }
  if (risk.length > 0) await RISK.append(connection, risk);
  if (flows.length > 0) await FLOWS.append(connection, flows);
  if (limits.length > 0) await LIMITS.append(connection, limits);
  if (slots.length > 0) await SLOTS.append(connection, slots);
}

/** Throws a TypeError that names the text that cannot become a row. */
function rowsOf(accounts: FileAccounts): Rows {
  const rows: Rows = { risk: [], flows: [], limits: [], slots: [] };
  for (const name of accounts.names) {
    const own: Record<string, string> = {};
    const parts = new Map<string, Record<string, string>>();
    const limits = new Map<AccountLimitName, string>();
    const origins = new Map<AccountLimitName, string>();
    for (const [field, value] of accounts.of(name).fields.entries()) {
      const slots = /^(?:([A-Za-z0-9._-]+)\|)?slots:(.*)$/s.exec(field);
      const limit = ACCOUNT_LIMITS.find((each) => field === each || field === `by:${each}`);
      if (slots) {
        rows.slots.push({ account: name, flow_id: slots[1] ?? null, pair: slots[2] ?? "", slots: Number(value) });
      } else if (limit !== undefined) (field === limit ? limits : origins).set(limit, value);
      else if (field.includes("|")) {
        const [flowId, rest] = splitKey(field);
        const part = parts.get(flowId) ?? {};
        part[rest] = value;
        parts.set(flowId, part);
      } else own[field] = value;
    }
    // Without a breaker there is no time at which one ends.
    const settings = readAccount({ breaker_until: "", ...own });
    rows.risk.push({ ...settings, account: name, is_in: accounts.current === name ? 1 : 0 });
    for (const [flow_id, part] of parts) rows.flows.push({ ...readFlow(part), account: name, flow_id });
    for (const [limit, value] of limits) rows.limits.push(limitRow(name, limit, value, origins.get(limit)));
  }
  return rows;
}

function limitRow(
  name: string,
  limit: AccountLimitName,
  value: string,
  origin: string | undefined,
): OfAccount<AccountLimitRow> {
  const { by, who, at, held, held_who, held_at } =
    origin === undefined
      ? { by: null, who: null, at: null, held: null, held_who: null, held_at: null }
      : limitOriginRow(limit, origin);
  return { account: name, name: limit, value: Number(value), set_by: by, who, set_at: at, held, held_who, held_at };
}

function limitOf(name: string): AccountLimitName {
  const known = ACCOUNT_LIMITS.find((each) => each === name);
  if (known === undefined) throw new TypeError(`${LIMITS.name}: this version knows no limit ${name}`);
  return known;
}
