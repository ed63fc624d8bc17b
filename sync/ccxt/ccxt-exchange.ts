/** Any exchange that ccxt (4.x) speaks to, as an `Exchange`. The user brings ccxt: nothing of it is imported here. */
import { type Duration, parseDuration } from "../../src/config/duration.js";
import { InvalidArgumentError } from "../../src/errors.js";
import { times } from "../../src/exact/double.js";
import type {
  ClientOrderIdProof,
  Exchange,
  ExchangeFill,
  ExchangeLevel,
  ExchangeOrder,
  ExchangePosition,
  MarketTerms,
  OrderRequest,
  PositionMode,
  RequestLimits,
} from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import { canonicalPair } from "../port/pairs.js";
import { CcxtAccount } from "./account.js";
import { capabilitiesOf } from "./capabilities.js";
import { type CcxtClient, can } from "./ccxt-client.js";
import { ClientOrderIds } from "./client-order-ids.js";
import { dialectOf } from "./dialect.js";
import { isUnknownOrder } from "./failure.js";
import { HedgeModes } from "./hedge-modes.js";
import { readHoldings } from "./holding.js";
import { notPlayed } from "./language/client-options.js";
import type { Dialect } from "./language/dialect.js";
import { isContractPair, kindOf, type MarketKind } from "./language/kind.js";
import { infoOf, priceOf, type Row, requiredText, rowOf, rowsOf, Unreadable } from "./language/row.js";
import { levelOf } from "./level.js";
import { type Market, minSizeOf, termsOf, wholeSteps } from "./market.js";
import { readSubmitted } from "./order.js";
import { findOrder, findOrderById } from "./order-search.js";
import { mergePositions, notionalOf, readPosition } from "./position.js";
import { proofOfIds } from "./proof-of-ids.js";
import { keepSecretsOf } from "./redact.js";

export type { CcxtClient } from "./ccxt-client.js";

export interface CcxtExchangeOptions {
  /**
   * The pairs that the bot trades; nothing else is looked at. Needed for spot, where positions are the balances of the pairs' base
   * coins, and for a client whose default type is spot. Default: every contract position and order of the account.
   */
  readonly pairs?: readonly string[];
  /**
   * Time limit of one request, from the moment it is sent; after that it counts as "no answer". A recovery's `timeout` can shorten it. Waiting in ccxt's
   * own rate limiter does not count. Default 10s.
   */
  readonly timeout?: Duration;
  /** Whether the account is in hedge mode (long and short of a pair at once). Default: the exchange is asked when it matters. */
  readonly hedged?: boolean;
  /**
   * Accepts an exchange, or a kind of market, that is not proven (see the table in sync/README.md): a recovery then puts every order before a person.
   * Default: it is refused.
   */
  readonly unproven?: boolean;
}

const DEFAULT_TIMEOUT = 10_000;

/**
 * The exchange behind a ccxt client, with the account of the client's keys.
 *
 * Throws an ExchangeError `unsupported` if the exchange is refused, if it is not proven (see `unproven`), or if the client lacks required methods, which
 * the message lists. Missing methods that the adapter can do without are in `limitations`. Nothing is asked yet. Every answer is checked: a row without a
 * pair, a size or a side, text that is not JSON and a list that may be cut are `no_answer`, never a shorter list.
 *
 * Two things are set on the client. Its `fetch` is wrapped, so that an error page does not read as an empty list. Without `pairs`, ccxt's warning about
 * asking for all open orders at once is turned off. One client serves many callers at a time.
 */
export function ccxtExchange(client: CcxtClient, options: CcxtExchangeOptions = {}): Exchange {
  const timeout = parseDuration(options.timeout ?? DEFAULT_TIMEOUT);
  if (timeout === undefined || timeout === 0) {
    throw new InvalidArgumentError(
      `timeout: expected a duration such as "10s", got ${JSON.stringify(options.timeout)}`,
    );
  }
  keepSecretsOf(client);
  const pairs = checkedPairs(client, options.pairs);
  const spot = pairs?.some((pair) => !isContractPair(pair)) ?? false;
  const contracts = pairs?.some(isContractPair) ?? true;
  const dialect = dialectOf(client.id, client.has.fetchOrderWithClientOrderId === true);
  const {
    level,
    kinds,
    limitations: doubts,
  } = levelOf(client, dialect, { pairs, unproven: options.unproven ?? false });
  const { missing, limitations } = capabilitiesOf(client, dialect, { spot, contracts });
  if (missing.length > 0) throw unsupported(client, `the client lacks ${missing.join("; ")}`);
  if (Number(client.options?.maxRetriesOnFailure ?? 0) > 0) {
    throw unsupported(
      client,
      "options.maxRetriesOnFailure must be 0: ccxt would send an order again whose answer was lost",
    );
  }
  if (pairs === undefined && client.options !== undefined) client.options.warnOnFetchOpenOrdersWithoutSymbol = false;
  const account = new CcxtAccount({
    client,
    dialect,
    ids: new ClientOrderIds(dialect.ids.form),
    limits: { timeout },
    ...(dialect.findsOut?.kinds.some((kind) => kinds.includes(kind)) && { findsOut: dialect.findsOut }),
    ...(level === "proven" && { mustBePlayed: () => mustBePlayed(client, dialect, kinds) }),
  });
  const told = [...doubts.map((text) => `${client.id}: ${text}`), ...limitations];
  const clientOrderIds = level === "proven" ? proofOfIds(dialect, kinds) : undefined;
  return new CcxtExchange(account, {
    pairs,
    modes: new HedgeModes(options.hedged),
    level,
    clientOrderIds,
    limitations: told,
  });
}

/** ccxt detects some sorts of accounts at its first request. */
function mustBePlayed(client: CcxtClient, dialect: Dialect, kinds: readonly MarketKind[]): void {
  const why = notPlayed(client.options ?? {}, dialect, kinds);
  if (why === undefined) return;
  throw new Unreadable(
    `this account is not proven: ${why}. Set what ccxt has found out as an option of the client, and { unproven: true } (command line: --unproven): then every order waits for a person`,
    "unsupported",
  );
}

function unsupported(client: CcxtClient, why: string): ExchangeError {
  return new ExchangeError("unsupported", `${client.id}: ${why}`);
}

function checkedPairs(client: CcxtClient, pairs: readonly string[] | undefined): readonly string[] | undefined {
  if (pairs === undefined) {
    const type = client.options?.defaultType;
    const contracts = typeof type === "string" ? /swap|future|delivery|linear/.test(type) : client.has.spot === false;
    if (contracts) return undefined;
    throw unsupported(
      client,
      "`pairs` is needed: the client trades spot by default, where positions are balances of the pairs' base coins. " +
        "For contracts name the pairs (BTC/USDT:USDT) or make the client with { options: { defaultType: 'swap' } }",
    );
  }
  if (pairs.length === 0) throw new InvalidArgumentError("pairs: expected at least one pair, got none");
  const held = new Map<string, string>();
  for (const pair of new Set(pairs)) {
    const base = /^([^/:\s]+)\/[^/:\s]+(?::\S+)?$/.exec(pair)?.[1];
    if (base === undefined) {
      throw new InvalidArgumentError(`pairs: expected BTC/USDT or BTC/USDT:USDT, got ${JSON.stringify(pair)}`);
    }
    if (isContractPair(pair)) continue;
    const other = held.get(base);
    if (other !== undefined) {
      throw new InvalidArgumentError(`pairs: ${other} and ${pair} share the balance of ${base}: name one of them`);
    }
    held.set(base, pair);
  }
  return [...new Set(pairs)];
}

interface Terms {
  readonly type: string;
  readonly price: number | undefined;
  readonly params: Record<string, unknown>;
}

interface Setup {
  readonly pairs: readonly string[] | undefined;
  readonly modes: HedgeModes;
  readonly level: ExchangeLevel;
  readonly clientOrderIds: ClientOrderIdProof | undefined;
  readonly limitations: readonly string[];
}

class CcxtExchange implements Exchange {
  readonly name: string;
  readonly level: ExchangeLevel;
  readonly clientOrderIds?: ClientOrderIdProof;
  /** Present only if the client can ask for the time. */
  readonly fetchTime?: () => Promise<Date>;
  readonly fetchOrderById?: (orderId: string, pair: string) => Promise<ExchangeOrder | undefined>;
  readonly #account: CcxtAccount;
  readonly #client: CcxtClient;
  readonly #pairs: readonly string[] | undefined;
  readonly #limitations: readonly string[];
  readonly #modes: HedgeModes;

  constructor(account: CcxtAccount, { pairs, modes, level, clientOrderIds, limitations }: Setup) {
    this.name = account.client.id;
    this.level = level;
    if (clientOrderIds) this.clientOrderIds = clientOrderIds;
    this.#account = account;
    this.#client = account.client;
    this.#pairs = pairs;
    this.#modes = modes;
    this.#limitations = limitations;
    if (can(this.#client, "fetchTime")) this.fetchTime = () => this.#time();
    if (can(this.#client, "fetchOrder") || account.dialect.lookupsById)
      this.fetchOrderById = (id, pair) => findOrderById(account, id, pair);
  }

  bounded(limits: RequestLimits): Exchange {
    return new CcxtExchange(this.#account.bounded(limits), {
      pairs: this.#pairs,
      modes: this.#modes,
      level: this.level,
      clientOrderIds: this.clientOrderIds,
      limitations: this.#limitations,
    });
  }

  #time(): Promise<Date> {
    return this.#account.ask("its time", async () => {
      const ms = await this.#client.fetchTime?.();
      if (typeof ms !== "number" || !(ms > 0)) throw new Unreadable(`expected ms since 1970, got ${String(ms)}`);
      return new Date(ms);
    });
  }

  /** The mode of the contracts, if there are any: spot positions are balances in any mode. */
  async positionMode(): Promise<PositionMode | undefined> {
    const contracts = this.#pairs?.filter(isContractPair) ?? [undefined];
    if (contracts.length === 0) return "spot";
    const modes = new Set<boolean>();
    for (const pair of contracts) {
      const hedged = await this.#modes.of(this.#account, pair);
      if (hedged !== undefined) modes.add(hedged);
    }
    if (modes.size > 1) this.#account.notes.add(`${this.name}: some of the pairs are in hedge mode, others are not`);
    const [hedged] = modes;
    return modes.size !== 1 ? undefined : hedged ? "hedge" : "netting";
  }

  async fetchMarket(pair: string): Promise<MarketTerms | undefined> {
    await this.#account.loadMarkets();
    return this.#account.ask(`market ${pair}`, async () =>
      termsOf(this.#client, pair, this.#account.reading(pair, "order")),
    );
  }

  /** The limitations known from the start, and those that reading has shown since. */
  get limitations(): readonly string[] {
    return [...this.#limitations, ...this.#account.notes];
  }

  /** The name in `pairs` that is this pair or its contract; without `pairs`, the contract that settles in the quote currency. */
  async resolvePair(pair: string): Promise<string> {
    const named = this.#pairs?.find((name) => canonicalPair(name) === canonicalPair(pair));
    if (named !== undefined) return named;
    if (this.#pairs !== undefined || isContractPair(pair)) return pair;
    await this.#account.loadMarkets();
    const contract = `${pair}:${pair.split("/")[1] ?? ""}`;
    return this.#client.markets?.[contract] === undefined ? pair : contract;
  }

  async fetchPositions(): Promise<ExchangePosition[]> {
    await this.#account.loadMarkets();
    const contracts = this.#pairs?.filter(isContractPair);
    const spots = this.#pairs?.filter((pair) => !isContractPair(pair)) ?? [];
    const positions: ExchangePosition[] = [];
    const together =
      contracts === undefined || (contracts.length > 0 && this.#account.dialect.positionsTogether === true);
    for (const pairs of together ? [contracts] : contracts.map((pair) => [pair])) {
      positions.push(...(await this.#contractPositions(pairs)));
    }
    if (spots.length > 0) positions.push(...(await this.#holdings(spots)));
    return mergePositions(positions);
  }

  #contractPositions(pairs: readonly string[] | undefined): Promise<ExchangePosition[]> {
    const { readPosition: readRaw } = this.#account.dialect;
    const sizeOf = (pair: string) => this.#account.marketNow(pair, "position").contractSize;
    const reading = {
      inUnits: (pair: string) => this.#account.reading(pair, "position").units,
      ...(readRaw && { sideOf: (info: Row, pair: string) => readRaw(info, kindOf(pair)).side }),
    };
    return this.#account.ask("positions", async () => {
      const rows = rowsOf(await this.#client.fetchPositions?.(pairs && [...pairs]));
      const asked = rows.filter(
        (row) => pairs === undefined || row.contracts === 0 || pairs.includes(requiredText(row, "symbol")),
      );
      return asked.flatMap((row) => {
        const position = readPosition(row, sizeOf, reading);
        if (position === undefined) return [];
        const markPrice = readRaw?.(infoOf(row), kindOf(position.pair)).markPrice;
        return [{ ...position, ...(markPrice !== undefined && { markPrice }), ...notionalOf(row) }];
      });
    });
  }

  async #holdings(pairs: readonly string[]): Promise<ExchangePosition[]> {
    const markets: Market[] = [];
    for (const pair of pairs) markets.push(await this.#account.market(pair));
    const elsewhere = this.#client.options?.defaultType;
    const type = elsewhere === undefined || elsewhere === "spot" ? {} : { type: "spot" };
    const params = { ...type, ...this.#account.dialect.balanceParams };
    return this.#account.ask("balance", async () => readHoldings(await this.#client.fetchBalance?.(params), markets));
  }

  async fetchOpenOrders(): Promise<ExchangeOrder[]> {
    const orders: ExchangeOrder[] = [];
    for (const pair of this.#pairs ?? [undefined]) orders.push(...(await this.#account.openOrders(pair)));
    return orders;
  }

  async fetchOrder(clientOrderId: string, pair: string): Promise<ExchangeOrder | undefined> {
    return (await findOrder(this.#account, clientOrderId, pair))?.order;
  }

  async fetchFills(pair: string, since: Date): Promise<ExchangeFill[]> {
    const { hedgedByPositions } = this.#account.dialect;
    const asks = isContractPair(pair) && hedgedByPositions !== undefined;
    const hedged = asks ? await this.#modes.of(this.#account, pair) : this.#modes.known(pair);
    return this.#account.fills(pair, since.getTime(), { hedged });
  }

  /**
   * A size that is not a whole number of the exchange's steps is rounded down, never up; less than one step is `rejected`. What the answer lacks is taken
   * from the request: open, nothing filled.
   */
  async createOrder(request: OrderRequest): Promise<ExchangeOrder> {
    const { clientOrderId, pair, side } = request;
    const what = `${side} ${request.size} ${pair} (${clientOrderId})`;
    const market = await this.#account.market(pair);
    const sent = await this.#account.ask(what, async () => this.#amountOf(request, market));
    const theirs = this.#account.ids.theirs(clientOrderId);
    const terms = await this.#termsOf(request, theirs);
    const submitted = await this.#account.submit(what, theirs, async () => {
      const answer = await this.#client.createOrder?.(
        pair,
        terms.type,
        side,
        sent.contracts,
        terms.price,
        terms.params,
      );
      const clientOrderIdOf = (theirs: string) => this.#account.ids.ours(theirs);
      return readSubmitted(rowOf(answer), { ...request, size: sent.size }, market, clientOrderIdOf);
    });
    const order = submitted ?? (await findOrder(this.#account, clientOrderId, pair))?.order;
    if (order === undefined)
      throw new ExchangeError("no_answer", `${this.name}: ${what}: taken, but the answer names no order`);
    return order;
  }

  #amountOf(
    { size, side, type, price, reduceOnly, pair }: OrderRequest,
    market: Market,
  ): { contracts: number; size: number } {
    if (!Number.isFinite(size) || size <= 0)
      throw new Unreadable(`size: expected a positive number, got ${size}`, "rejected");
    if (type !== "market" && !(price !== undefined && price > 0)) {
      throw new Unreadable(`price: expected a positive number for a ${type} order, got ${price}`, "rejected");
    }
    if (market.spot && reduceOnly && side === "buy") {
      throw new Unreadable("a spot position is never short: there is nothing to buy back", "nothing_to_reduce");
    }
    const whole = wholeSteps(size, market);
    const text =
      whole.contracts === 0
        ? "0"
        : (this.#client.amountToPrecision?.(pair, whole.contracts) ?? String(whole.contracts));
    const contracts = Number(text);
    if (!(contracts > 0)) {
      const least = market.step === undefined ? "" : `, which is ${market.step} x ${market.contractSize}`;
      throw new Unreadable(`size ${size} is less than the smallest step${least}: all of it would remain`, "rejected");
    }
    if (contracts > whole.contracts) {
      throw new Unreadable(
        `ccxt rounds ${whole.contracts} contracts up to ${text}: more than was asked for`,
        "rejected",
      );
    }
    return contracts === whole.contracts ? whole : { contracts, size: times(contracts, market.contractSize) };
  }

  /** The arguments of ccxt's createOrder. */
  async #termsOf(request: OrderRequest, theirs: string): Promise<Terms> {
    const { type, pair, reduceOnly } = request;
    const { ids, stop, hedge, reduceOnly: reducing, spotBuysInQuote, hedgeOrders } = this.#account.dialect;
    const kind = kindOf(pair);
    if (spotBuysInQuote && kind === "spot" && type === "market" && request.side === "buy") {
      const why = "a market order that buys on spot says there what is to be spent, not the size: send a limit order";
      throw unsupported(this.#client, `${pair}: ${why}`);
    }
    // ccxt itself derives the position's side from the order's side and reduceOnly, and sends it in the exchange's own form.
    const hedged = kind !== "spot" && (await this.#isHedged(pair, request.positionSide !== undefined));
    if (hedged && hedgeOrders === false) {
      throw unsupported(this.#client, `${pair}: the account is in hedge mode, and orders of it were not played there`);
    }
    const params = {
      [ids.param ?? "clientOrderId"]: theirs,
      ...(type === "stop" && ids.stopParam !== undefined && { [ids.stopParam]: theirs }),
      ...(hedged && (hedge?.(request) ?? { hedged: true })),
    };
    if (type === "stop") {
      const sent = stop?.(request, kind, hedged);
      if (sent === undefined) throw unsupported(this.#client, `stop orders of ${pair} cannot be sent to it`);
      const price = sent.price ?? (await this.#marketPrice(request));
      return { type: sent.type, price, params: { ...params, ...sent.params } };
    }
    const reduces = reduceOnly && kind !== "spot" ? (reducing?.(request, kind, hedged) ?? { reduceOnly: true }) : {};
    const price = type === "limit" ? request.price : await this.#marketPrice(request);
    return { type, price, params: { ...params, ...reduces } };
  }

  async #isHedged(pair: string, matters: boolean): Promise<boolean> {
    return (matters ? await this.#modes.of(this.#account, pair) : this.#modes.known(pair)) ?? false;
  }

  /** Undefined, except for exchanges whose market orders are limit orders with a price far through the market. */
  async #marketPrice({ price, pair }: OrderRequest): Promise<number | undefined> {
    if (!this.#account.dialect.marketNeedsPrice) return undefined;
    if (price !== undefined) return price;
    return this.#account.ask(`price of ${pair}`, async () => {
      const ticker = rowOf(await this.#client.fetchTicker?.(pair));
      const last = priceOf(ticker, "last") ?? priceOf(ticker, "close") ?? priceOf(ticker, "bid");
      if (last === undefined) throw new Unreadable("the ticker has no price");
      return last;
    });
  }

  async cancelOrder(clientOrderId: string, pair: string): Promise<boolean> {
    const found = await findOrder(this.#account, clientOrderId, pair);
    if (found === undefined) return false;
    if (found.order.status !== "open") return true;
    const { order, params } = found;
    try {
      await this.#account.ask(`cancel ${clientOrderId} of ${pair}`, () =>
        Promise.resolve(this.#client.cancelOrder?.(order.id, pair, { ...params })),
      );
      return true;
    } catch (error) {
      // The order may have been filled or cancelled in between: exchanges call that "not found" or "rejected".
      const refused =
        error instanceof ExchangeError &&
        (error.failure === "rejected" || isUnknownOrder(error, this.#account.dialect.errors));
      if (!refused) throw error;
      const now = await findOrder(this.#account, clientOrderId, pair);
      if (now?.order.status === "open") throw error;
      return now !== undefined;
    }
  }

  recognise(clientOrderIds: readonly string[]): void {
    this.#account.ids.recognise(clientOrderIds);
  }

  minSize(pair: string): number | undefined {
    try {
      return minSizeOf(this.#account.marketNow(pair, "order"));
    } catch (error) {
      if (error instanceof Unreadable) return undefined;
      throw error;
    }
  }
}
