import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { InvalidArgumentError } from "../../src/errors.js";
import { decimalText, toDecimal } from "../../src/exact/decimal.js";
import { compare, subtract } from "../../src/exact/decimal-in-text.js";
import { moneyText } from "../../src/exact/money.js";
import * as check from "../../src/manager/check.js";
import type { OrderSide, PositionSide } from "../../src/types.js";
import type {
  ClientOrderIdProof,
  Exchange,
  ExchangeFill,
  ExchangeOrder,
  ExchangePosition,
  MarketTerms,
  OrderRequest,
  PositionMode,
} from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import { type Amendment, amendOrder } from "./amending.js";
import { type PaperCash, type SeenCall, toldCall, toldCash, toldFill, toldOrder, toldPosition } from "./answers.js";
import { Book } from "./book.js";
import { equityOf } from "./booking.js";
import { isOwnId, ownId } from "./exchange-ids.js";
import { type Fault, type FaultPlan, type FaultRule, Faults, type FaultyMethod } from "./faults.js";
import { untradable } from "./listing.js";
import { cancel, execute, movePrice } from "./matching.js";
import { isForgotten, listedFills } from "./memory.js";
import { PaperFile } from "./paper-file.js";
import type { PaperOrder } from "./paper-rows.js";
import { amount, checkedPlacement, OrderRefusal, type Placement, place } from "./placing.js";
import { RULE_NAMES, type RuleOptions, type Rules, rulesOf } from "./rules.js";
import { fundPositions, settlePair } from "./settling.js";
import { idProofOf, limitationsOf, marketTermsOf, minSizeOf, positionModeOf } from "./terms.js";

export type { Amendment } from "./amending.js";
export type { PaperCash, SeenCall } from "./answers.js";
export type { Fault, FaultOccasion, FaultPlan, FaultRule, FaultyMethod } from "./faults.js";
export type { PerPair, RuleOptions } from "./rules.js";

export interface PaperExchangeOptions extends RuleOptions {
  /** Replaces the clock: ms since 1970. The exchange's own time never goes back. */
  readonly clock?: () => number;
  /**
   * Path of the exchange's file. Every change is durable there before its promise resolves, and another PaperExchange on the same file is the same
   * exchange, also after kill -9. One at a time: until `close()`, or the end of the process, others get a LockedError. Default: in memory only. Rules that
   * are not given are those of the file.
   */
  readonly file?: string;
  /** Faults from the start on; after a restart they begin anew. */
  readonly faults?: FaultPlan;
}

/** A trade that somebody makes on the account without the bot: it has no client order id. */
export interface HandTrade {
  readonly pair: string;
  readonly side: OrderSide;
  readonly size: number;
  /** Default market: filled at once, at `price` or the pair's. A limit or stop order may wait. */
  readonly type?: "market" | "limit" | "stop";
  readonly price?: number;
  readonly positionSide?: PositionSide;
  readonly reduceOnly?: boolean;
}

export interface PaperCandle {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/** An account's present and past amounts. */
export interface PaperAccount {
  /** Quote currency, exact to 8 places: the initial balance, plus realised results and cash, less fees. Spot: the quote coins. */
  readonly balance: number;
  /** In quote currency: the balance, the gain of the open positions at present prices, and the coins made by inverse contracts at theirs. */
  readonly equity: number;
  /** Gains and losses of positions, before fees; none for spot. */
  readonly realised: number;
  /** The fees taken in quote currency. */
  readonly fees: number;
  /** For each coin in which inverse contracts settle: what they made, in that coin. None of it is in `balance`. */
  readonly coins: Readonly<
    Record<string, { readonly balance: number; readonly realised: number; readonly fees: number }>
  >;
  /** Funding and settlements, oldest first. */
  readonly cash: readonly PaperCash[];
  /** Time of the last change, on the exchange's clock; absent if there was none. */
  readonly time?: Date;
}

/**
 * A simulated exchange: an account with orders, executions, fees and positions, for paper trading and tests. The same options and
 * the same calls give the same exchange. Prices come from `setPrice` and `candle`; nothing moves by itself.
 *
 * A market order is filled at the pair's price, as taker. A limit order that cannot be filled at once waits, and is filled at its
 * price, as maker. A stop becomes a market order when the price comes to its trigger. A reduce-only order is made as small as
 * the position when it is filled, and cancelled when there is none. A client order id is taken once, for as long as the order is
 * remembered (`remembersOrders`). Changes happen when the method is called, in the order of the calls, unless a fault delays them.
 *
 * How the account counts is a rule, `mode` and `market`, and `positionMode()` tells it:
 *
 * **Netting** (the default): a pair has one position, long or short. An order against it reduces it, and turns the rest around.
 *
 * ```ts
 * const exchange = new PaperExchange({ mode: "netting" });
 * await exchange.setPrice("BTC/USDT:USDT", 60_000);
 * await exchange.trade({ pair: "BTC/USDT:USDT", side: "buy", size: 2 });
 * await exchange.trade({ pair: "BTC/USDT:USDT", side: "sell", size: 3 });
 * const [position] = await exchange.fetchPositions();
 * `${position?.side} ${position?.size}`; // "short 1"
 * ```
 *
 * **Hedge**: a pair has a long and a short side by side. An order says which one it is for (`positionSide`), and never does more
 * than close it; without one it opens its own side or, when it may only reduce, reduces the other.
 *
 * ```ts
 * const exchange = new PaperExchange({ mode: "hedge" });
 * await exchange.setPrice("BTC/USDT:USDT", 60_000);
 * await exchange.trade({ pair: "BTC/USDT:USDT", side: "buy", size: 2, positionSide: "long" });
 * await exchange.trade({ pair: "BTC/USDT:USDT", side: "sell", size: 3, positionSide: "short" });
 * const positions = await exchange.fetchPositions();
 * positions.map(({ side, size }) => `${side} ${size}`).join(", "); // "long 2, short 3"
 * ```
 *
 * **Spot**: a position is the coins that are held, never short. The fee of a buy is taken in the coin, so that less is held than was
 * bought; nobody sells or spends what is not there.
 *
 * ```ts
 * const exchange = new PaperExchange({ market: "spot", balance: 1_000, fees: { maker: 0.001, taker: 0.001 } });
 * await exchange.setPrice("ETH/USDT", 100);
 * await exchange.trade({ pair: "ETH/USDT", side: "buy", size: 2 });
 * const [held] = await exchange.fetchPositions();
 * `${held?.size} ETH, ${exchange.balance} USDT`; // "1.998 ETH, 800 USDT"
 * ```
 *
 * **Inverse contracts** (`BTC/USD:BTC`: it settles in its base) are sized in their quote and paid in their coin: what they make is in
 * `account().coins`, not in `balance`. Options, and contracts that settle in a third currency, are refused by name.
 *
 * ```ts
 * const exchange = new PaperExchange({ fees: { maker: 0, taker: 0 } });
 * await exchange.setPrice("BTC/USD:BTC", 40_000);
 * await exchange.trade({ pair: "BTC/USD:BTC", side: "buy", size: 10_000 });
 * await exchange.setPrice("BTC/USD:BTC", 50_000);
 * await exchange.trade({ pair: "BTC/USD:BTC", side: "sell", size: 10_000 });
 * exchange.account().coins.BTC?.realised; // 0.05
 * ```
 *
 * One process has it. `servePaperExchange` shares it with others, `sharedPaperExchange` is what those have.
 */
export class PaperExchange implements Exchange {
  readonly name: string;
  /** While this is true nobody can reach the exchange: every call of `Exchange` rejects with `no_answer`, and nothing happens. */
  down = false;
  readonly #rules: Rules;
  readonly #clock: () => number;
  readonly #faults: Faults;
  readonly #book: Book;
  readonly #file: PaperFile | undefined;
  readonly #ownName = randomUUID();
  #waiting: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  /**
   * Throws an InvalidArgumentError that names the option; of a file: a LockedError that names the process which has it, a
   * CorruptStateError when it cannot be read, a SchemaVersionError when a later version wrote it.
   */
  constructor(options: PaperExchangeOptions = {}) {
    check.fields("options", options, [...RULE_NAMES, "clock", "file", "faults"]);
    const { clock, file, faults, ...rules } = options;
    this.#clock = checkedClock(clock ?? Date.now);
    this.#faults = new Faults(faults ?? {});
    this.#book = new Book();
    this.#file = file === undefined ? undefined : PaperFile.open(check.id("options.file", file), rules, this.#book);
    this.#rules = this.#file?.rules ?? rulesOf(rules);
    if (!this.#file) this.#book.begin(this.#rules);
    this.name = this.#rules.name;
  }

  /** @internal The rules it was made with, defaults included. */
  get rules(): Rules {
    return this.#rules;
  }

  /** @internal Identifies the account for clients: an account in a file keeps it over restarts, one in memory only while it lasts. */
  get identity(): string {
    return this.file ?? this.#ownName;
  }

  /** Path of the file, without symbolic links; undefined: in memory only. */
  get file(): string | undefined {
    return this.#file?.path;
  }

  /**
   * By the rules: orders are found by their client order id for as long as `remembersOrders` says, and fills say it unless
   * `fillsNameOrders` is false. Ids such as `autoclose-o7` and `settlement-o8` are of the exchange's own making.
   */
  get clientOrderIds(): ClientOrderIdProof {
    return idProofOf(this.#rules);
  }

  get limitations(): readonly string[] {
    return limitationsOf(this.#rules);
  }

  positionMode(): PositionMode {
    return positionModeOf(this.#rules);
  }

  async resolvePair(pair: string): Promise<string> {
    const name = this.#resolved(pair);
    this.#checkListed(name);
    return name;
  }

  /** The exchange's own clock: `clock` plus `clockAhead`, never before its last change. */
  async fetchTime(): Promise<Date> {
    return this.#call("fetchTime", "its time", async (fault) => {
      const now = new Date(this.#now());
      if (fault?.kind === "no_answer") throw this.#noAnswer("its time", "the reply was lost");
      return now;
    });
  }

  /** Derived from the pair's name and the rules; undefined for names that cannot be traded here: options, contracts of a third currency. */
  async fetchMarket(pair: string): Promise<MarketTerms | undefined> {
    const name = this.#resolved(pair);
    const { answer, fault } = await this.#read("fetchMarket", `the market ${name}`, () => {
      this.#checkListed(name);
      return marketTermsOf(this.#rules, name, this.#book.market(name).settledAt);
    });
    return fault?.kind === "empty" ? undefined : answer;
  }

  async fetchPositions(): Promise<ExchangePosition[]> {
    const { answer, fault } = await this.#read("fetchPositions", "the positions", () =>
      this.#book
        .positions()
        .filter(({ pair }) => this.#isListed(pair))
        .map((position) => toldPosition(position, this.#book.price(position.pair))),
    );
    if (fault?.kind === "zero_rows") answer.push(...this.#zeroRows(answer));
    return listed(answer, fault);
  }

  async fetchOpenOrders(): Promise<ExchangeOrder[]> {
    const { answer, fault } = await this.#read("fetchOpenOrders", "the open orders", () =>
      this.#book
        .openOrders()
        .filter(({ pair }) => this.#isListed(pair))
        .map(toldOrder),
    );
    return listed(answer, fault);
  }

  async fetchOrder(clientOrderId: string, pair: string): Promise<ExchangeOrder | undefined> {
    const { answer, fault } = await this.#read("fetchOrder", `order ${clientOrderId} in ${pair}`, () => {
      this.#checkListed(pair);
      const order = this.#known(this.#book.order(clientOrderId));
      return order?.pair === pair ? toldOrder(order) : undefined;
    });
    return fault?.kind === "empty" ? undefined : answer;
  }

  async fetchOrderById(orderId: string, pair: string): Promise<ExchangeOrder | undefined> {
    const { answer, fault } = await this.#read("fetchOrderById", `order ${orderId} in ${pair}`, () => {
      this.#checkListed(pair);
      const order = this.#known(this.#book.orderById(orderId));
      return order?.pair === pair ? toldOrder(order) : undefined;
    });
    return fault?.kind === "empty" ? undefined : answer;
  }

  async fetchFills(pair: string, since: Date): Promise<ExchangeFill[]> {
    const from = check.time("since", since);
    const { answer, fault } = await this.#read(
      "fetchFills",
      `the fills of ${pair} since ${since.toISOString()}`,
      () => {
        this.#checkListed(pair);
        const fills = listedFills(this.#rules, this.#book.fillsOf(pair), from, this.#now());
        return fills.map((fill) => toldFill(fill, this.#rules));
      },
    );
    return listed(answer, fault);
  }

  async createOrder(request: OrderRequest): Promise<ExchangeOrder> {
    const wish = this.#understood(() => {
      const placement = checkedPlacement(request);
      return { ...placement, clientOrderId: check.orderId("clientOrderId", placement.clientOrderId) };
    });
    const what = `order ${wish.clientOrderId}`;
    return this.#call("createOrder", what, async (fault) => {
      this.#checkListed(wish.pair);
      const outcome = await this.#change((book) => {
        const placed = isOwnId(wish.clientOrderId)
          ? new OrderRefusal(
              "rejected",
              `clientOrderId: ids such as ${wish.clientOrderId} are of the exchange's own making`,
            )
          : place(book, this.#rules, underItsId(wish, fault, book));
        const failure = placed instanceof OrderRefusal ? placed.failure : null;
        book.addCall({ method: "createOrder", request: wish, failure, at: book.account.at });
        return placed;
      });
      if (fault?.kind === "no_answer") throw this.#noAnswer(what, "the reply was lost");
      if (outcome instanceof OrderRefusal)
        throw new ExchangeError(outcome.failure, `${this.name} did not take ${what}: ${outcome.message}`);
      return toldOrder(outcome);
    });
  }

  async cancelOrder(clientOrderId: string, pair: string): Promise<boolean> {
    const wish = this.#understood(() => ({
      clientOrderId: check.orderId("clientOrderId", clientOrderId),
      pair: check.pair("pair", pair),
    }));
    const what = `the cancellation of order ${wish.clientOrderId}`;
    return this.#call("cancelOrder", what, async (fault) => {
      this.#checkListed(wish.pair);
      const known = await this.#change((book) => {
        const order = this.#known(book.order(wish.clientOrderId));
        const mine = order?.pair === wish.pair ? order : undefined;
        if (mine) cancel(book, mine);
        book.addCall({ method: "cancelOrder", ...wish, known: mine !== undefined, at: book.account.at });
        return mine !== undefined;
      });
      if (fault?.kind === "no_answer") throw this.#noAnswer(what, "the reply was lost");
      return known;
    });
  }

  minSize(pair: string): number | undefined {
    return minSizeOf(this.#rules, pair);
  }

  // The market

  /** The price of a pair; undefined if it never had one. */
  price(pair: string): number | undefined {
    return this.#book.price(pair);
  }

  /**
   * The price of a pair jumps to `price`: limit orders in between are filled at their own price, stops at this one, in the order
   * in which the price passes them. Rejects with an InvalidArgumentError that names the argument.
   */
  async setPrice(pair: string, price: number): Promise<void> {
    const [name, to] = [check.pair("pair", pair), amount("price", price)];
    await this.#change((book) => {
      checkTradable(book, this.#rules, name);
      movePrice(book, this.#rules, name, to, "jump");
    });
  }

  /**
   * The price of a pair jumps to `open`, walks to `low` and `high` (a falling candle: `high` and `low`), then to `close`; on a walk a
   * stop is filled at its trigger. One step: `ts` is the time of all that it fills, by default the clock's. The clock has to show the
   * candles' time too: the exchange's time never goes back.
   */
  async candle(pair: string, candle: PaperCandle, ts?: Date | number): Promise<void> {
    const name = check.pair("pair", pair);
    const [open, high, low, close] = [
      amount("candle.open", candle.open),
      amount("candle.high", candle.high),
      amount("candle.low", candle.low),
      amount("candle.close", candle.close),
    ];
    if (low > Math.min(open, close) || high < Math.max(open, close))
      throw new InvalidArgumentError(`candle: expected open and close between low ${low} and high ${high}`);
    const turns = close >= open ? [low, high] : [high, low];
    await this.#change(
      (book) => {
        checkTradable(book, this.#rules, name);
        movePrice(book, this.#rules, name, open, "jump");
        for (const turn of [...turns, close]) movePrice(book, this.#rules, name, turn, "walk");
      },
      check.optionalTime("ts", ts),
    );
  }

  // What others do on the account

  /** Somebody trades on the account by hand. Rejects with an ExchangeError when the exchange would not take the order. */
  async trade(order: HandTrade): Promise<ExchangeOrder> {
    const { price, type = "market", reduceOnly = false, ...rest } = order;
    const wish = checkedPlacement({
      ...rest,
      type,
      reduceOnly,
      ...(price !== undefined && type !== "market" && { price }),
    });
    const at = type === "market" && price !== undefined ? amount("price", price) : undefined;
    const taken = await this.#change((book) => place(book, this.#rules, wish, at));
    if (taken instanceof OrderRefusal) throw new ExchangeError(taken.failure, taken.message);
    return toldOrder(taken);
  }

  /**
   * The exchange closes a position itself, at `price` or the pair's, as taker. Its order has no client order id; with `named` it has one
   * of the exchange's own making (`autoclose-o7`), as some exchanges do. Rejects with an InvalidArgumentError when there is no position.
   */
  async liquidate(
    pair: string,
    side: PositionSide,
    price?: number,
    { named = false }: { readonly named?: boolean } = {},
  ): Promise<ExchangeOrder> {
    const [name, of] = [check.pair("pair", pair), check.positionSide("side", side)];
    const at = price === undefined ? undefined : amount("price", price);
    const isNamed = check.flag("named", named);
    const taken = await this.#change((book) => {
      const position = book.position(name, of);
      if (!position) throw new InvalidArgumentError(`side: there is no ${of} position in ${name}`);
      const order = {
        ...(isNamed && { clientOrderId: ownId("autoclose", book.account.orders) }),
        pair: name,
        side: of === "long" ? "sell" : "buy",
        size: Number(position.size),
        type: "market",
        reduceOnly: true,
        positionSide: of,
      } as const;
      return place(book, this.#rules, order, at);
    });
    if (taken instanceof OrderRefusal) throw new ExchangeError(taken.failure, taken.message);
    return toldOrder(taken);
  }

  /**
   * Funding falls due: every long of the pair pays `rate` of its worth, every short receives it; with a negative rate it is the other way round. Worth is
   * size x price, by default the pair's price. No fill and no order tell it. Resolves to the cash rows, which `account().cash` keeps, for `bookCash`.
   * Rejects with an InvalidArgumentError in a spot market, and without a price.
   */
  async fund(pair: string, rate: number, price?: number): Promise<PaperCash[]> {
    const [name, part] = [check.pair("pair", pair), check.finite("rate", rate)];
    const at = price === undefined ? undefined : amount("price", price);
    const rows = await this.#change((book) => {
      this.#checkContract(name);
      const where = at ?? book.price(name);
      if (where === undefined) throw new InvalidArgumentError(`price: ${name} has none`);
      return fundPositions(book, name, part, where);
    });
    return rows.map(toldCash);
  }

  /**
   * Settles a pair's contract at `price`: its positions are gone, its open orders cancelled, and it is not traded any more. The gains and losses are cash,
   * without fill or fee, and are returned; with `byFill` each is a fill of an order of the exchange's own (`settlement-o8`), and there is no cash. Rejects
   * with an InvalidArgumentError in a spot market, and if the pair was settled before.
   */
  async settle(
    pair: string,
    price: number,
    { byFill = false }: { readonly byFill?: boolean } = {},
  ): Promise<PaperCash[]> {
    const [name, at] = [check.pair("pair", pair), amount("price", price)];
    const isFill = check.flag("byFill", byFill);
    const rows = await this.#change((book) => {
      this.#checkContract(name);
      checkTradable(book, this.#rules, name);
      return settlePair(book, this.#rules, name, at, isFill);
    });
    return rows.map(toldCash);
  }

  /**
   * Changes an open order at the exchange, as another person would: its size (the filled part included), its price, or both. What can be filled at once is
   * filled. Rejects with an InvalidArgumentError if the order is not open, and with an ExchangeError `rejected` if the exchange would not take the change.
   */
  async amend(clientOrderId: string, change: Amendment): Promise<ExchangeOrder> {
    const { size, price } = check.fields("change", change, ["size", "price"]);
    const wish = {
      ...(size !== undefined && { size: amount("size", size) }),
      ...(price !== undefined && { price: amount("price", price) }),
    };
    const amended = await this.#change((book) => {
      const order = book.order(clientOrderId);
      if (order?.status !== "open") throw new InvalidArgumentError(`clientOrderId: no open order ${clientOrderId}`);
      return amendOrder(book, this.#rules, order, wish);
    });
    if (amended instanceof OrderRefusal) throw new ExchangeError(amended.failure, amended.message);
    return toldOrder(amended);
  }

  /**
   * Delists a pair: each question about it is an ExchangeError `unsupported`, lists leave it out, and its open orders are cancelled. Its positions stay as
   * they are, unseen; `equity` counts them at the last price.
   */
  async delist(pair: string): Promise<void> {
    const name = check.pair("pair", pair);
    await this.#change((book) => {
      for (const order of book.openOrders()) if (order.pair === name) cancel(book, order);
      book.setMarket(name, { ...book.market(name), delisted: true });
    });
  }

  /**
   * Fills a part of an open order, at its limit or the pair's price: for partial fills where a test wants them. Throws an
   * InvalidArgumentError when the order is not open, or has less left than `size`.
   */
  async fillOrder(clientOrderId: string, size: number, price?: number): Promise<ExchangeOrder> {
    const part = decimalText(toDecimal(amount("size", size)));
    const at = price === undefined ? undefined : amount("price", price);
    const filled = await this.#change((book) => {
      const order = book.order(clientOrderId);
      if (order?.status !== "open") throw new InvalidArgumentError(`clientOrderId: no open order ${clientOrderId}`);
      const left = subtract(order.size, order.filled);
      if (compare(part, left) > 0) throw new InvalidArgumentError(`size: expected at most ${left}, got ${part}`);
      const where = at ?? order.price ?? book.price(order.pair);
      if (where === undefined) throw new InvalidArgumentError(`price: ${order.pair} has none`);
      return execute(book, this.#rules, order, { price: where, size: part, maker: order.type === "limit" });
    });
    return toldOrder(filled);
  }

  // Faults

  /** From now on calls of a method meet this fault; see `FaultRule`. Throws an InvalidArgumentError for an unknown fault. */
  fail(method: FaultyMethod, rule: FaultRule): void {
    this.#faults.add(method, rule);
  }

  /** Removes all faults. Calls that hang continue. */
  behave(): void {
    this.down = false;
    this.#faults.clear();
    this.release();
  }

  /** Lets the calls that hang continue. */
  release(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Time of the last change, on the exchange's own clock, which never goes back: how far its market has come. Undefined if there was none. */
  get time(): Date | undefined {
    const { at } = this.#book.account;
    return at === 0 ? undefined : new Date(at);
  }

  // What the account is worth

  /** All amounts at one moment. */
  account(): PaperAccount {
    const { balance, equity, realised, fees, time } = this;
    const coins = Object.entries(this.#book.account.coins).map(([coin, purse]) => [
      coin,
      { balance: Number(purse.balance), realised: Number(purse.realised), fees: Number(purse.fees) },
    ]);
    const cash = this.#book.cash().map(toldCash);
    return { balance, equity, realised, fees, coins: Object.fromEntries(coins), cash, ...(time && { time }) };
  }

  /** As in `account()`. */
  get balance(): number {
    return Number(this.#book.account.balance);
  }

  /** As in `account()`. */
  get equity(): number {
    return Number(moneyText(equityOf(this.#book, this.#rules)));
  }

  /** As in `account()`. */
  get realised(): number {
    return Number(this.#book.account.realised);
  }

  /** As in `account()`. */
  get fees(): number {
    return Number(this.#book.account.fees);
  }

  /** Every `createOrder` and `cancelOrder` that reached the exchange, in order. Malformed requests and lost ones did not. */
  get seen(): SeenCall[] {
    return this.#book.calls().map(toldCall);
  }

  /** Waits for pending writes and releases the file. Calls that hang reject with `no_answer`, and so does every later call. */
  async close(): Promise<void> {
    this.#closing ??= this.#kept("an end", this.#file?.close());
    this.release();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Refuses a request that no exchange would understand, before it is sent. */
  #understood<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new ExchangeError("rejected", error.message, { cause: error });
    }
  }

  /** Runs a call on the exchange, at once unless a fault delays it. `work` gets the fault of its answer. */
  async #call<T>(method: FaultyMethod, what: string, work: (fault: Fault | undefined) => Promise<T>): Promise<T> {
    if (this.#closing) throw this.#noAnswer(what, "it is closed");
    const fault = this.#faults.next(method, this.#rules.seed);
    if (fault?.kind === "delay") await pause(fault.ms);
    if (fault?.kind === "hang") await new Promise<void>((go) => this.#waiting.push(go));
    if (this.#closing) throw this.#noAnswer(what, "it was closed");
    if (this.down) throw this.#noAnswer(what, "it cannot be reached");
    switch (fault?.kind) {
      case "rate_limit":
        throw this.#noAnswer(what, "too many requests");
      case "authentication":
        throw new ExchangeError(
          "authentication",
          `${this.name} does not let this account in; it was asked for ${what}`,
        );
      case "rejected":
        throw new ExchangeError("rejected", `${this.name} refuses ${what}`);
      case "no_answer":
        if (fault.when !== "after") throw this.#noAnswer(what, "the request was lost");
    }
    return work(fault);
  }

  #noAnswer(what: string, why: string): ExchangeError {
    return new ExchangeError("no_answer", `${this.name} was asked for ${what} and did not answer: ${why}`);
  }

  async #read<T>(method: FaultyMethod, what: string, read: () => T): Promise<{ answer: T; fault: Fault | undefined }> {
    return this.#call(method, what, async (fault) => {
      const answer = fault?.kind === "stale" ? this.#book.asBefore(read) : read();
      await this.#kept(what, this.#file?.settled()); // nobody is told what a crash could take back
      if (fault?.kind === "no_answer") throw this.#noAnswer(what, "the reply was lost");
      return { answer, fault };
    });
  }

  /** Makes one change, as a whole or not at all. Resolves once it is durable. */
  async #change<T>(change: (book: Book) => T, at = this.#shown()): Promise<T> {
    if (this.#closing) throw this.#noAnswer("a change", "it is closed");
    const book = this.#book;
    let result: T;
    try {
      book.account = { ...book.account, at: Math.max(at, book.account.at) };
      result = change(book);
    } catch (error) {
      book.rollback();
      throw error;
    }
    const rows = book.commit();
    await this.#kept("a change", this.#file?.append(rows));
    return result;
  }

  /** What the exchange's clock shows. */
  #shown(): number {
    return Math.max(0, this.#clock() + this.#rules.clockAhead);
  }

  /** The exchange's time: its clock's, but never before the last change. */
  #now(): number {
    return Math.max(this.#shown(), this.#book.account.at);
  }

  /** An order, unless it is forgotten. */
  #known(order: PaperOrder | undefined): PaperOrder | undefined {
    return order && !isForgotten(this.#rules, order, this.#now()) ? order : undefined;
  }

  #resolved(pair: string): string {
    const contract = `${pair}:${pair.split("/")[1] ?? ""}`;
    return this.#book.price(pair) === undefined && this.#book.price(contract) !== undefined ? contract : pair;
  }

  #isListed(pair: string): boolean {
    return !this.#book.market(pair).delisted;
  }

  #checkListed(pair: string): void {
    if (!this.#isListed(pair)) throw new ExchangeError("unsupported", `${this.name} has no market ${pair} any more`);
  }

  #checkContract(pair: string): void {
    if (this.#rules.market === "spot")
      throw new InvalidArgumentError(`pair: expected a contract, ${pair} is a spot market`);
  }

  async #kept(what: string, keeping: Promise<void> | undefined): Promise<void> {
    try {
      await keeping;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ExchangeError("no_answer", `${this.name} was asked for ${what} and cannot keep its file: ${reason}`, {
        cause: error,
      });
    }
  }

  #zeroRows(open: readonly ExchangePosition[]): ExchangePosition[] {
    const sides: PositionSide[] = this.#rules.market === "spot" ? ["long"] : ["long", "short"];
    return this.#book
      .tradedPairs()
      .filter((pair) => this.#isListed(pair))
      .flatMap((pair) => sides.map((side) => ({ pair, side, size: 0 })))
      .filter(({ pair, side }) => !open.some((position) => position.pair === pair && position.side === side));
  }
}

/** Throws if the caller's clock returns no valid time, before anything is decided by it. */
function checkedClock(clock: () => number): () => number {
  if (typeof clock !== "function") throw new InvalidArgumentError("options.clock: expected a function");
  return () => check.time("options.clock", Math.floor(clock()));
}

/** The order as the exchange takes it: with another client order id, or with none, if the fault says so. */
function underItsId(wish: Placement, fault: Fault | undefined, book: Book): Placement {
  if (fault?.kind !== "id_dropped" && fault?.kind !== "id_changed") return wish;
  const { clientOrderId: _, ...nameless } = wish;
  return fault.kind === "id_dropped" ? nameless : { ...nameless, clientOrderId: `x-${book.account.orders + 1}` };
}

function checkTradable(book: Book, rules: Rules, pair: string): void {
  const reason = untradable(book, rules, pair);
  if (reason !== undefined) throw new InvalidArgumentError(`pair: ${reason}`);
}

function listed<T>(answer: T[], fault: Fault | undefined): T[] {
  if (fault?.kind === "empty") return [];
  return fault?.kind === "half" ? answer.slice(0, Math.floor(answer.length / 2)) : answer;
}
