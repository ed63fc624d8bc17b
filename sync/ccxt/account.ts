/** An account at an exchange through a ccxt client: asks, and reads the answers in base currency. */
import { fillKey } from "../plan/evidence.js";
import type { ExchangeFill, ExchangeOrder, RequestLimits } from "../port/exchange.js";
import { type Asking, ask, insistOnAnswers, type SentRequest } from "./ask.js";
import type { Patience } from "./asked-to-wait.js";
import type { CcxtClient } from "./ccxt-client.js";
import type { ClientOrderIds } from "./client-order-ids.js";
import { exchangeErrorOf } from "./failure.js";
import { type HistoryRow, readHistoryRow } from "./fill.js";
import type { AmountOf, Dialect, FindsOut, OrderList, Params, RawFill } from "./language/dialect.js";
import { kindOf } from "./language/kind.js";
import { type Row, requiredText, rowsOf, Unreadable } from "./language/row.js";
import { provenKinds } from "./level.js";
import { type Market, type MarketReading, marketOf } from "./market.js";
import { mustCarry } from "./must-carry.js";
import { type OrderContext, readOrder } from "./order.js";
import { everySince, type Page } from "./pages.js";

/** Enough for any account's open orders; more means that the exchange goes in circles. */
const MOST_PAGES = 100;

interface OrderPage {
  readonly pair: string | undefined;
  /** From a list of all pairs, keep only rows of this one. */
  readonly only?: string | undefined;
  readonly since?: number;
  readonly limit: number | undefined;
  readonly params: Params;
}

/** The page size that is asked for. Every exchange returns that many rows, or its own maximum. */
const PAGE = 100;

export interface AccountSetup {
  readonly client: CcxtClient;
  readonly dialect: Dialect;
  readonly ids: ClientOrderIds;
  readonly limits: RequestLimits;
  /** Throws if the account turns out to be of a sort that is not proven. Default: any is taken. */
  readonly mustBePlayed?: () => void;
  /** What has to be asked before anything else. */
  readonly findsOut?: FindsOut | undefined;
  /** Findings made while reading that a person should know. */
  readonly notes?: Set<string>;
}

export class CcxtAccount {
  readonly client: CcxtClient;
  readonly dialect: Dialect;
  readonly ids: ClientOrderIds;
  readonly notes: Set<string>;
  readonly #limits: RequestLimits;
  readonly #patience: Patience;
  readonly #mustBePlayed: () => void;
  readonly #findsOut: FindsOut | undefined;

  constructor({ client, dialect, ids, limits, mustBePlayed = () => {}, findsOut, notes = new Set() }: AccountSetup) {
    this.client = client;
    this.dialect = dialect;
    this.ids = ids;
    this.notes = notes;
    this.#limits = limits;
    this.#patience = { left: limits.patience ?? 0 };
    this.#mustBePlayed = mustBePlayed;
    this.#findsOut = findsOut;
    insistOnAnswers(client);
  }

  /** The same account within these limits; a request has the shorter of the two times. */
  bounded({ timeout, ...limits }: RequestLimits): CcxtAccount {
    const { client, dialect, ids, notes } = this;
    return new CcxtAccount({
      client,
      dialect,
      ids,
      notes,
      mustBePlayed: this.#mustBePlayed,
      findsOut: this.#findsOut,
      limits: { ...limits, timeout: Math.min(timeout, this.#limits.timeout) },
    });
  }

  /** Makes one call, each request of it within the limits. Whatever is thrown becomes an ExchangeError that says what was asked. */
  ask<T>(what: string, call: (answers: readonly unknown[]) => Promise<T>): Promise<T> {
    return ask(this.#asking(what), call);
  }

  /** Submits an order. A request for it that does not carry this id is not sent. */
  submit<T>(what: string, theirs: string, call: () => Promise<T>): Promise<T> {
    const mayBeSent = (request: SentRequest) => {
      this.#mustBePlayed();
      mustCarry(request, theirs, this.dialect.ids);
    };
    return ask({ ...this.#asking(what), isOrder: true, mayBeSent }, call);
  }

  #asking(what: string): Asking {
    const { isAnswer = () => true, errors, askedToWait } = this.dialect;
    const { client } = this;
    const limits = { limits: this.#limits, patience: this.#patience };
    return { client, what, ...limits, isAnswer, errors, askedToWait, mayBeSent: this.#mustBePlayed };
  }

  /** Loads the markets once; ccxt keeps them. */
  async loadMarkets(): Promise<void> {
    if (this.client.markets === undefined) await this.ask("markets", () => this.client.loadMarkets());
    await this.#findOut();
  }

  async #findOut(): Promise<void> {
    if (this.#findsOut === undefined) return;
    const { option, method } = this.#findsOut;
    const { client } = this;
    if (client.options?.[option] !== undefined) return;
    await this.ask(`the sort of account (${option})`, async () => {
      const finding: unknown = Reflect.get(client, method);
      if (typeof finding === "function") await finding.call(client);
      if (client.options?.[option] === undefined) throw new Unreadable("it does not say");
    });
  }

  async market(pair: string, of: AmountOf = "order"): Promise<Market> {
    await this.loadMarkets();
    return this.ask(`market ${pair}`, async () => this.marketNow(pair, of));
  }

  /** The same for a client whose markets are loaded. */
  marketNow(pair: string, of: AmountOf): Market {
    return marketOf(this.client, pair, this.reading(pair, of));
  }

  reading(pair: string, of: AmountOf): MarketReading {
    const { amounts = () => "contracts" } = this.dialect;
    const inverse = provenKinds(this.dialect, this.client.id).includes("inverse");
    return { inverse, units: amounts(kindOf(pair), of) === "units" };
  }

  /** Every order that may still be filled, of one pair or of all. Stop orders are asked for separately if the exchange wants it. */
  async openOrders(pair: string | undefined): Promise<ExchangeOrder[]> {
    const kind = pair === undefined ? "linear" : kindOf(pair);
    const found = new Map<string, ExchangeOrder>();
    for (const params of [{}, ...this.dialect.stopLists(kind)]) {
      for (const order of await this.#openList(pair, params)) if (!found.has(order.id)) found.set(order.id, order);
    }
    return [...found.values()];
  }

  /** All pages of one list of open orders. A full page may be incomplete: if the next page cannot be asked for, this is no answer. */
  async #openList(pair: string | undefined, params: Params): Promise<readonly ExchangeOrder[]> {
    const { openOrdersPage: most, openOrdersParams = {}, openOrdersNext, openOrdersTogether } = this.dialect;
    const limit = typeof most === "function" ? most(pair === undefined ? "linear" : kindOf(pair)) : most;
    const together = pair === undefined ? undefined : openOrdersTogether?.(kindOf(pair));
    const which = together === undefined ? { pair } : { pair: undefined, only: pair };
    const found = new Map<string, ExchangeOrder>();
    const seen = new Set<string>();
    let next: Params = {};
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const asked = { ...openOrdersParams, ...together, ...params, ...next };
      const { orders, rows } = await this.#list("fetchOpenOrders", { ...which, limit, params: asked });
      for (const order of orders) found.set(order.id, order);
      const before = seen.size;
      for (const row of rows) seen.add(requiredText(row, "id"));
      if (limit === undefined || rows.length < limit) return [...found.values()];
      if (openOrdersNext === undefined || seen.size === before) break;
      const after = openOrdersNext(rows, asked);
      if (after === undefined) return [...found.values()];
      next = after;
    }
    return this.ask(pair === undefined ? "open orders" : `open orders of ${pair}`, async () => {
      throw new Unreadable(
        `${seen.size} rows are a full page: there may be more. Name the pairs that you trade (\`pairs\`)`,
      );
    });
  }

  /** One page of a list of orders. */
  async orders(
    list: OrderList,
    {
      pair,
      since,
      limit,
      params = {},
    }: { pair: string | undefined; since?: number; limit?: number | undefined; params?: Params },
  ): Promise<ExchangeOrder[]> {
    return (await this.#list(list, { pair, ...(since !== undefined && { since }), limit, params })).orders;
  }

  async #list(
    list: OrderList,
    { pair, only, since, limit, params }: OrderPage,
  ): Promise<{ readonly orders: ExchangeOrder[]; readonly rows: readonly Row[] }> {
    await this.loadMarkets();
    const open = list === "fetchOpenOrders";
    const waiting = params.trigger === true || params.trailing === true;
    const what = `${open ? (waiting ? "open stop orders" : "open orders") : "past orders"}${pair === undefined ? "" : ` of ${pair}`}`;
    return this.ask(what, async () => {
      const rows = rowsOf(await this.client[list]?.(pair, since, limit, { ...params }));
      const context = this.orderContext({ open, stop: waiting });
      const own = only === undefined ? rows : rows.filter((row) => row.symbol === only);
      return { rows, orders: own.map((row) => readOrder(row, context)) };
    });
  }

  orderContext({ open, stop }: { readonly open: boolean; readonly stop: boolean }): OrderContext {
    return {
      open,
      stop,
      marketOf: (pair) => this.marketNow(pair, "order"),
      clientOrderIdOf: (theirs) => this.ids.ours(theirs),
      raw: (info, pair) => this.dialect.readOrder?.(info, kindOf(pair)) ?? {},
    };
  }

  /** The pair's executions since then, oldest first, from all pages of all lists. */
  async fills(
    pair: string,
    since: number,
    { hedged }: { readonly hedged?: boolean | undefined } = {},
  ): Promise<ExchangeFill[]> {
    const market = await this.market(pair, "fill");
    const kind = kindOf(pair);
    const { asks = () => [{}], read, rawRows, page: limit = PAGE, until: ends = endsAt } = this.dialect.fills ?? {};
    const context = {
      market,
      clientOrderIdOf: (theirs: string) => this.ids.ours(theirs),
      noteMissingFee: () => this.notes.add(`${this.client.id}: some fills name no fee: it is counted as 0`),
      ...(read && { readRaw: (info: Row) => inMode(read(info, kind), hedged) }),
    };
    const what = `fills of ${pair} since ${new Date(since).toISOString()}`;
    const found = new Map<string, ExchangeFill>();
    for (const asked of asks(kind)) {
      const page = (from: number, until: number | undefined) =>
        this.ask(what, async (answers) => {
          const params = until === undefined ? { ...asked } : { ...asked, ...ends(until) };
          const rows = rowsOf(await this.client.fetchMyTrades?.(pair, from, limit, params));
          const raw = rawRows && answers.flatMap((answer) => rawRows(answer));
          return { rows: rows.map((row) => readHistoryRow(row, context)), ...(raw && { raw }) };
        });
      for (const row of await this.#history(what, market, since, page, historyKey, ({ at }) => at, limit)) {
        if (row.fill !== undefined) found.set(fillKey(row.fill), row.fill);
      }
    }
    return [...found.values()].sort((a, b) => a.ts.getTime() - b.ts.getTime());
  }

  /** The pair's orders of a list since then, from all pages. */
  async pastOrders(list: OrderList, pair: string, since: number): Promise<ExchangeOrder[]> {
    const market = await this.market(pair);
    const page = async (from: number, until: number | undefined) => {
      const params = until === undefined ? {} : { until };
      return { rows: await this.orders(list, { pair, since: from, limit: PAGE, params }) };
    };
    const time = ({ createdAt }: ExchangeOrder) => createdAt?.getTime() ?? since;
    return this.#history(`past orders of ${pair}`, market, since, page, ({ id }) => id, time);
  }

  async #history<T>(
    what: string,
    market: Market,
    since: number,
    page: (from: number, until: number | undefined) => Promise<Page<T>>,
    key: (row: T) => string,
    time: (row: T) => number,
    limit = PAGE,
  ): Promise<T[]> {
    const window = this.dialect.fillsSpan(kindOf(market.pair));
    try {
      return await everySince({ page, since, now: Date.now(), window, limit, key, time });
    } catch (error) {
      const { errors } = this.dialect;
      throw exchangeErrorOf(error, { exchange: this.client.id, asked: what, errors, isOrder: false });
    }
  }
}

/** Key of a row. Rows that are no executions count for the pages, too. */
function historyKey({ id, fill }: HistoryRow): string {
  return fill === undefined ? `no execution ${id}` : fillKey(fill);
}

/** In one-way mode a fill has no position side: it may close one side and open the other. */
function inMode(raw: RawFill, hedged: boolean | undefined): RawFill {
  if (hedged !== false || raw.positionSide === undefined) return raw;
  const { positionSide: _, ...rest } = raw;
  return rest;
}

/** The param by which ccxt is told the end of a list. */
function endsAt(until: number): Params {
  return { until };
}
