import { setTimeout as pause } from "node:timers/promises";
import { InvalidArgumentError } from "../../src/errors.js";
import { addDecimal, decimalText, parseDecimal, toDecimal } from "../../src/exact/decimal.js";
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
  OrderRequest,
  PositionMode,
} from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import { type SeenCall, toldCall, toldFill, toldOrder, toldPosition } from "./answers.js";
import { Book } from "./book.js";
import { worthOf } from "./booking.js";
import { type Fault, type FaultPlan, type FaultRule, Faults, type FaultyMethod } from "./faults.js";
import { cancel, execute, movePrice } from "./matching.js";
import { PaperFile } from "./paper-file.js";
import { amount, checkedPlacement, OrderRefusal, place } from "./placing.js";
import { forPair, RULE_NAMES, type RuleOptions, type Rules, rulesOf } from "./rules.js";

export type { SeenCall } from "./answers.js";
export type { Fault, FaultOccasion, FaultPlan, FaultRule, FaultyMethod } from "./faults.js";
export type { PerPair, RuleOptions } from "./rules.js";

export interface PaperExchangeOptions extends RuleOptions {
  /** Replaces the clock: ms since 1970. The exchange's own time never goes back. */
  readonly clock?: () => number;
  /**
   * Where the exchange is kept: every change is durable there before its promise resolves, and another PaperExchange on the same
   * file is the same exchange, also after kill -9. One at a time: until `close()`, or the end of the process, others get a
   * LockedError. Default: in memory only. Rules that are not given are those of the file.
   */
  readonly file?: string;
  /** Faults from the start on; after a restart they begin anew. */
  readonly faults?: FaultPlan;
}

/** What somebody does on the account without the bot: no client order id. */
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

/**
 * A simulated exchange: an account with orders, executions, fees and positions, for paper trading and tests. The same options and
 * the same calls give the same exchange. Prices come from `setPrice` and `candle`; nothing moves by itself.
 *
 * A market order is filled at the pair's price, as taker. A limit order that cannot be filled at once waits, and is filled at its
 * price, as maker. A stop becomes a market order when the price comes to its trigger. A reduce-only order is made as small as
 * the position when it is filled, and cancelled when there is none. In netting mode an order against the position reduces it
 * and turns the rest around; in hedge mode it never does more than reduce. A client order id is taken once, for good.
 * Changes happen when the method is called, in the order of the calls, unless a fault delays them.
 */
export class PaperExchange implements Exchange {
  readonly name: string;
  /** Nobody can reach the exchange while this is true: every call of `Exchange` rejects with `no_answer`, and nothing happens. */
  down = false;
  readonly #rules: Rules;
  readonly #clock: () => number;
  readonly #faults: Faults;
  readonly #book: Book;
  readonly #file: PaperFile | undefined;
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

  /** Orders are found by their client order id for good, and fills say it. */
  readonly clientOrderIds: ClientOrderIdProof = { foundFor: Number.POSITIVE_INFINITY, inFills: true };

  positionMode(): PositionMode {
    return this.#rules.market === "spot" ? "spot" : this.#rules.mode;
  }

  async resolvePair(pair: string): Promise<string> {
    const contract = `${pair}:${pair.split("/")[1] ?? ""}`;
    return this.#book.price(pair) === undefined && this.#book.price(contract) !== undefined ? contract : pair;
  }

  async fetchPositions(): Promise<ExchangePosition[]> {
    const { answer, fault } = await this.#read("fetchPositions", "the positions", () =>
      this.#book.positions().map((position) => toldPosition(position, this.#book.price(position.pair))),
    );
    if (fault?.kind === "zero_rows") answer.push(...this.#zeroRows(answer));
    return listed(answer, fault);
  }

  async fetchOpenOrders(): Promise<ExchangeOrder[]> {
    const { answer, fault } = await this.#read("fetchOpenOrders", "the open orders", () =>
      this.#book.openOrders().map(toldOrder),
    );
    return listed(answer, fault);
  }

  async fetchOrder(clientOrderId: string, pair: string): Promise<ExchangeOrder | undefined> {
    const { answer, fault } = await this.#read("fetchOrder", `order ${clientOrderId} in ${pair}`, () => {
      const order = this.#book.order(clientOrderId);
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
        const fills = this.#book.fillsOf(pair);
        let first = fills.length;
        while (first > 0 && (fills[first - 1]?.at ?? 0) >= from) first--;
        return fills.slice(first).map(toldFill);
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
      const outcome = await this.#change((book) => {
        const placed = place(book, this.#rules, wish);
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
      const known = await this.#change((book) => {
        const order = book.order(wish.clientOrderId);
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
    return forPair(this.#rules.minSize, pair) || undefined;
  }

  // The market

  /** What a pair costs; undefined when it never had a price. */
  price(pair: string): number | undefined {
    return this.#book.price(pair);
  }

  /**
   * The price of a pair jumps to `price`: limit orders in between are filled at their own price, stops at this one, in the order
   * in which the price passes them. Throws an InvalidArgumentError that names the argument.
   */
  async setPrice(pair: string, price: number): Promise<void> {
    const [name, to] = [check.pair("pair", pair), amount("price", price)];
    await this.#change((book) => movePrice(book, this.#rules, name, to, "jump"));
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

  /** The exchange closes a position itself, at `price` or the pair's. Throws an InvalidArgumentError when there is none. */
  async liquidate(pair: string, side: PositionSide, price?: number): Promise<ExchangeOrder> {
    const position = this.#book.position(check.pair("pair", pair), check.positionSide("side", side));
    if (!position) throw new InvalidArgumentError(`side: there is no ${side} position in ${pair}`);
    return this.trade({
      pair,
      side: side === "long" ? "sell" : "buy",
      size: Number(position.size),
      ...(price !== undefined && { price }),
      positionSide: side,
      reduceOnly: true,
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

  /** From now on calls of a method meet this fault; see `FaultRule`. Throws an InvalidArgumentError when there is no such fault. */
  fail(method: FaultyMethod, rule: FaultRule): void {
    this.#faults.add(method, rule);
  }

  /** Takes all faults away; calls that hang go on. */
  behave(): void {
    this.down = false;
    this.#faults.clear();
    this.release();
  }

  /** Lets the calls that hang go on. */
  release(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  /** When it changed last, by its own time, which never goes back: how far its market has come. Undefined when it never did. */
  get time(): Date | undefined {
    const { at } = this.#book.account;
    return at === 0 ? undefined : new Date(at);
  }

  // What the account is worth

  /** Quote currency, exact to 8 places: what there was at the start, and was realised, less fees. Spot: the quote coins. */
  get balance(): number {
    return Number(this.#book.account.balance);
  }

  /** The balance, and what the open positions would add at the pairs' prices. */
  get equity(): number {
    let sum = parseDecimal(this.#book.account.balance);
    for (const position of this.#book.positions()) {
      const price = this.#book.price(position.pair) ?? position.entryPrice;
      sum = addDecimal(sum, worthOf(this.#rules, position, price));
    }
    return Number(moneyText(sum));
  }

  /** What positions gained and lost, before fees; spot: none. */
  get realised(): number {
    return Number(this.#book.account.realised);
  }

  /** The fees taken in quote currency. */
  get fees(): number {
    return Number(this.#book.account.fees);
  }

  /** Every `createOrder` and `cancelOrder` that reached the exchange, in order. Malformed requests and lost ones did not. */
  get seen(): SeenCall[] {
    return this.#book.calls().map(toldCall);
  }

  /** Waits for what is being kept and lets the file go. What hangs rejects with `no_answer`, and so does every later call. */
  async close(): Promise<void> {
    this.#closing ??= this.#kept("an end", this.#file?.close());
    this.release();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A request that no exchange would understand is refused before it is sent. */
  #understood<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new ExchangeError("rejected", error.message, { cause: error });
    }
  }

  /** Takes a call to the exchange, at once where no fault delays it. `work` is told which fault its answer meets. */
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
      await this.#kept(what, this.#file?.settled()); // nobody is told of what a crash could take back
      if (fault?.kind === "no_answer") throw this.#noAnswer(what, "the reply was lost");
      return { answer, fault };
    });
  }

  /** Makes one change, whole or not at all; resolves when it is kept for good. */
  async #change<T>(change: (book: Book) => T, at = this.#clock()): Promise<T> {
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
      .flatMap((pair) => sides.map((side) => ({ pair, side, size: 0 })))
      .filter(({ pair, side }) => !open.some((position) => position.pair === pair && position.side === side));
  }
}

/** A clock of the caller's that shows nonsense is an error, before anything is decided by it. */
function checkedClock(clock: () => number): () => number {
  if (typeof clock !== "function") throw new InvalidArgumentError("options.clock: expected a function");
  return () => check.time("options.clock", Math.floor(clock()));
}

function listed<T>(answer: T[], fault: Fault | undefined): T[] {
  if (fault?.kind === "empty") return [];
  return fault?.kind === "half" ? answer.slice(0, Math.floor(answer.length / 2)) : answer;
}
