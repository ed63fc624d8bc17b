import { decimalText, toDecimal } from "../../src/exact/decimal.js";
import type { PositionSide } from "../../src/types.js";
import {
  type AccountRow,
  accountRow,
  callRow,
  cashRow,
  fillRow,
  marketRow,
  orderRow,
  type PaperCall,
  type PaperCashRow,
  type PaperFill,
  type PaperMarket,
  type PaperOrder,
  type PaperPosition,
  positionRow,
  priceRow,
} from "./paper-rows.js";
import { type PaperChange, PaperTable } from "./paper-table.js";
import type { Rules } from "./rules.js";

const TRADED: ReadonlySet<string> = new Set(["orders", "positions", "fills"]);

/** A row as it is stored: table, key, row; null if it was removed. */
export type WrittenRow = readonly [table: string, key: string, row: unknown];

/** Everything that a simulated exchange remembers. Changes are made in steps: each step is kept as a whole by `commit`, or taken back as a whole. */
export class Book {
  readonly #noted: PaperChange[] = [];
  /** The changes of the last step that touched orders, positions or fills. */
  #last: readonly PaperChange[] = [];
  readonly #note = (change: PaperChange) => this.#noted.push(change);

  readonly #account = new PaperTable<AccountRow>("account", accountRow, this.#note);
  readonly #prices = new PaperTable<number>("prices", priceRow, this.#note);
  readonly #orders = new PaperTable<PaperOrder>("orders", orderRow, this.#note, (id, before, after) => {
    const clientOrderId = (after ?? before)?.clientOrderId;
    if (typeof clientOrderId === "string") {
      if (after) this.#ids.set(clientOrderId, id);
      else if (this.#ids.get(clientOrderId) === id) this.#ids.delete(clientOrderId);
    }
    if (after?.status === "open") this.#open.set(id, after);
    else this.#open.delete(id);
  });
  readonly #positions = new PaperTable<PaperPosition>("positions", positionRow, this.#note);
  readonly #fills = new PaperTable<PaperFill>("fills", fillRow, this.#note, (_, before, after) => {
    const pair = (after ?? before)?.pair ?? "";
    const fills = this.#fillsOfPair.get(pair) ?? [];
    this.#fillsOfPair.set(pair, fills);
    if (after) fills.push(after);
    else fills.pop(); // only the newest fills are ever taken back, newest first
  });
  readonly #calls = new PaperTable<PaperCall>("calls", callRow, this.#note);
  readonly #cash = new PaperTable<PaperCashRow>("cash", cashRow, this.#note);
  readonly #markets = new PaperTable<PaperMarket>("markets", marketRow, this.#note);
  readonly #tables = new Map<string, { load(key: string, row: unknown): void; entries(): Iterable<[string, unknown]> }>(
    [
      this.#account,
      this.#prices,
      this.#orders,
      this.#positions,
      this.#fills,
      this.#calls,
      this.#cash,
      this.#markets,
    ].map((each) => [each.name, each]),
  );

  /** Exchange id by client order id. */
  readonly #ids = new Map<string, string>();
  readonly #open = new Map<string, PaperOrder>();
  readonly #fillsOfPair = new Map<string, PaperFill[]>();

  /** A new account. */
  begin(rules: Rules): void {
    const balance = decimalText(toDecimal(rules.balance));
    const counts = { orders: 0, fills: 0, calls: 0, cash: 0 };
    this.#account.load("", { balance, realised: "0", fees: "0", ...counts, coins: {}, at: 0 });
  }

  get account(): AccountRow {
    const row = this.#account.get("");
    if (!row) throw new TypeError("a simulated exchange without an account");
    return row;
  }

  set account(row: AccountRow) {
    this.#account.set("", row);
  }

  price(pair: string): number | undefined {
    return this.#prices.get(pair);
  }

  /** By pair. */
  prices(): [pair: string, price: number][] {
    return [...this.#prices.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  setPrice(pair: string, price: number): void {
    this.#prices.set(pair, price);
  }

  order(clientOrderId: string): PaperOrder | undefined {
    const id = this.#ids.get(clientOrderId);
    return id === undefined ? undefined : this.#orders.get(id);
  }

  orderById(id: string): PaperOrder | undefined {
    return this.#orders.get(id);
  }

  setOrder(order: PaperOrder): void {
    const ends = order.status !== "open" && order.endedAt === null;
    this.#orders.set(order.id, ends ? { ...order, endedAt: this.account.at } : order);
  }

  /** Oldest first. */
  openOrders(): PaperOrder[] {
    return [...this.#open.values()].sort((a, b) => byKey(a.id, b.id));
  }

  position(pair: string, side: PositionSide): PaperPosition | undefined {
    return this.#positions.get(`${pair}|${side}`);
  }

  /** By pair and side. */
  positions(): PaperPosition[] {
    return [...this.#positions.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, position]) => position);
  }

  setPosition(position: PaperPosition): void {
    this.#positions.set(`${position.pair}|${position.side}`, position);
  }

  removePosition(pair: string, side: PositionSide): void {
    this.#positions.delete(`${pair}|${side}`);
  }

  addFill(fill: PaperFill): void {
    this.#fills.set(fill.id, fill);
  }

  /** Oldest first. */
  fillsOf(pair: string): readonly PaperFill[] {
    return this.#fillsOfPair.get(pair) ?? [];
  }

  tradedPairs(): string[] {
    return [...this.#fillsOfPair.keys()].sort();
  }

  addCall(call: PaperCall): void {
    const calls = this.account.calls + 1;
    this.account = { ...this.account, calls };
    this.#calls.set(String(calls), call);
  }

  /** In the order in which they came. */
  calls(): PaperCall[] {
    return [...this.#calls.values()];
  }

  /** Stores money that is no trade. Returns the row. */
  addCash(cash: Omit<PaperCashRow, "id" | "at">): PaperCashRow {
    const count = this.account.cash + 1;
    const row = { ...cash, id: `c${count}`, at: this.account.at };
    this.account = { ...this.account, cash: count };
    this.#cash.set(row.id, row);
    return row;
  }

  /** Oldest first. */
  cash(): PaperCashRow[] {
    return [...this.#cash.values()];
  }

  /** What happened to a pair's market; the initial state if nothing did. */
  market(pair: string): PaperMarket {
    return this.#markets.get(pair) ?? { settledAt: null, delisted: false };
  }

  setMarket(pair: string, market: PaperMarket): void {
    this.#markets.set(pair, market);
  }

  /** Keeps the changes since the last commit. Returns the changed rows. */
  commit(): WrittenRow[] {
    if (this.#noted.length === 0) return [];
    const changes = this.#noted.splice(0);
    const traded = changes.filter(({ table }) => TRADED.has(table));
    if (traded.length > 0) this.#last = traded;
    const newest = new Map(changes.map((change) => [`${change.table}|${change.key}`, change]));
    return [...newest.values()].map(({ table, key, row }) => [table, key, row ?? null]);
  }

  /** Takes back what changed since the last commit. */
  rollback(): void {
    for (const change of this.#noted.splice(0).reverse()) change.undo();
  }

  /** The result of `read` as if the last change of orders, positions and fills had not been made. */
  asBefore<T>(read: () => T): T {
    for (const change of this.#last.toReversed()) change.undo();
    try {
      return read();
    } finally {
      for (const change of this.#last) change.redo();
    }
  }

  /** Every row, in an order that depends only on the rows. */
  written(): WrittenRow[] {
    return [...this.#tables].flatMap(([name, table]) =>
      [...table.entries()].sort(([a], [b]) => byKey(a, b)).map(([key, row]): WrittenRow => [name, key, row]),
    );
  }

  /** Loads stored rows. Throws a ZodError or a TypeError if they are not of this kind. */
  load(rows: Iterable<WrittenRow>): void {
    for (const [name, key, row] of rows) {
      const table = this.#tables.get(name);
      if (!table) throw new TypeError(`unknown table ${name}`);
      table.load(key, row);
    }
  }
}

/** Orders keys so that `o9` comes before `o10`. */
function byKey(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}
