import type { z } from "zod";
import * as check from "../../../src/manager/check.js";
import type { PositionSide } from "../../../src/types.js";
import type {
  ClientOrderIdProof,
  Exchange,
  ExchangeFill,
  ExchangeOrder,
  ExchangePosition,
  MarketTerms,
  OrderRequest,
  PositionMode,
} from "../../port/exchange.js";
import { ExchangeError } from "../../port/exchange-error.js";
import type { Amendment } from "../amending.js";
import type { PaperCash, SeenCall } from "../answers.js";
import type { HandTrade, PaperAccount, PaperCandle } from "../paper-exchange.js";
import { idProofOf, limitationsOf, minSizeOf, positionModeOf } from "../terms.js";
import * as shape from "./answer-shapes.js";
import { Connection, Unanswered } from "./connection.js";
import { socketPath } from "./place.js";
import type { Hello, Method } from "./protocol.js";

export interface SharedOptions {
  /** Where `servePaperExchange` serves it. */
  readonly path: string;
}

/**
 * The paper exchange that another process serves with `servePaperExchange`: everybody who connects has the same account. Rejects with an
 * ExchangeError `no_answer` when nobody serves one at that path, with an InvalidArgumentError that names the option.
 */
export async function sharedPaperExchange(options: SharedOptions): Promise<SharedPaperExchange> {
  const { path } = check.fields("options", options, ["path"]);
  return SharedPaperExchange.connect(socketPath("options.path", path));
}

/**
 * A paper exchange in another process. Every call means the same as on `PaperExchange`, and rejects with the same errors; arguments that cannot be
 * understood are refused there, too.
 *
 * Each call is sent once. If the connection is lost before its answer has come, or nobody serves the exchange, the call is an ExchangeError `no_answer`: it
 * may have happened, or not. The next call connects anew. It is answered if the same account is served there again; if another one is, it is `no_answer`.
 * There is no time limit: a process that is stopped keeps its clients waiting. An idle connection does not keep the process alive.
 */
export class SharedPaperExchange implements Exchange, AsyncDisposable {
  readonly name: string;
  /** As for `PaperExchange`. */
  readonly clientOrderIds: ClientOrderIdProof;
  readonly limitations: readonly string[];
  #connecting: Promise<Connection>;
  #isClosed = false;

  private constructor(
    /** Where it is served. */
    readonly path: string,
    private readonly hello: Hello,
    connection: Connection,
  ) {
    this.name = hello.rules.name;
    this.clientOrderIds = idProofOf(hello.rules);
    this.limitations = limitationsOf(hello.rules);
    this.#connecting = Promise.resolve(connection);
  }

  /** @internal */
  static async connect(path: string): Promise<SharedPaperExchange> {
    try {
      const connection = await Connection.open(path);
      return new SharedPaperExchange(path, connection.hello, connection);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      throw new ExchangeError("no_answer", `the paper exchange did not answer: ${error.message}`, { cause: error });
    }
  }

  positionMode(): PositionMode {
    return positionModeOf(this.hello.rules);
  }

  minSize(pair: string): number | undefined {
    return minSizeOf(this.hello.rules, pair);
  }

  fetchTime(): Promise<Date> {
    return this.#ask("fetchTime", "its time", [], shape.time);
  }

  fetchMarket(pair: string): Promise<MarketTerms | undefined> {
    return this.#ask("fetchMarket", `the market ${pair}`, [pair], shape.market);
  }

  resolvePair(pair: string): Promise<string> {
    return this.#ask("resolvePair", `the pair ${pair}`, [pair], shape.name);
  }

  fetchPositions(): Promise<ExchangePosition[]> {
    return this.#ask("fetchPositions", "the positions", [], shape.positions);
  }

  fetchOpenOrders(): Promise<ExchangeOrder[]> {
    return this.#ask("fetchOpenOrders", "the open orders", [], shape.orders);
  }

  fetchOrder(clientOrderId: string, pair: string): Promise<ExchangeOrder | undefined> {
    return this.#ask("fetchOrder", `order ${clientOrderId} in ${pair}`, [clientOrderId, pair], shape.knownOrder);
  }

  fetchOrderById(orderId: string, pair: string): Promise<ExchangeOrder | undefined> {
    return this.#ask("fetchOrderById", `order ${orderId} in ${pair}`, [orderId, pair], shape.knownOrder);
  }

  fetchFills(pair: string, since: Date): Promise<ExchangeFill[]> {
    return this.#ask("fetchFills", `the fills of ${pair}`, [pair, since], shape.fills);
  }

  async createOrder(request: OrderRequest): Promise<ExchangeOrder> {
    return this.#ask("createOrder", `order ${request.clientOrderId}`, [request], shape.order);
  }

  cancelOrder(clientOrderId: string, pair: string): Promise<boolean> {
    const what = `the cancellation of order ${clientOrderId}`;
    return this.#ask("cancelOrder", what, [clientOrderId, pair], shape.known);
  }

  /** The price of a pair; undefined if it never had one. */
  price(pair: string): Promise<number | undefined> {
    return this.#ask("price", `the price of ${pair}`, [pair], shape.price);
  }

  /** As on `PaperExchange`, and so are the following. */
  setPrice(pair: string, price: number): Promise<void> {
    return this.#ask("setPrice", `a price of ${pair}`, [pair, price], shape.nothing);
  }

  candle(pair: string, candle: PaperCandle, ts?: Date | number): Promise<void> {
    return this.#ask("candle", `a candle of ${pair}`, [pair, candle, ts], shape.nothing);
  }

  async trade(order: HandTrade): Promise<ExchangeOrder> {
    return this.#ask("trade", `a trade of ${order.pair}`, [order], shape.order);
  }

  liquidate(
    pair: string,
    side: PositionSide,
    price?: number,
    options: { readonly named?: boolean } = {},
  ): Promise<ExchangeOrder> {
    return this.#ask("liquidate", `a liquidation of ${pair}`, [pair, side, price, options], shape.order);
  }

  fund(pair: string, rate: number, price?: number): Promise<PaperCash[]> {
    return this.#ask("fund", `the funding of ${pair}`, [pair, rate, price], shape.cash);
  }

  settle(pair: string, price: number, options: { readonly byFill?: boolean } = {}): Promise<PaperCash[]> {
    return this.#ask("settle", `the settlement of ${pair}`, [pair, price, options], shape.cash);
  }

  amend(clientOrderId: string, change: Amendment): Promise<ExchangeOrder> {
    return this.#ask("amend", `a change of order ${clientOrderId}`, [clientOrderId, change], shape.order);
  }

  delist(pair: string): Promise<void> {
    return this.#ask("delist", `the end of ${pair}`, [pair], shape.nothing);
  }

  fillOrder(clientOrderId: string, size: number, price?: number): Promise<ExchangeOrder> {
    return this.#ask("fillOrder", `a fill of order ${clientOrderId}`, [clientOrderId, size, price], shape.order);
  }

  /** The account's present and past amounts, all at one moment. */
  account(): Promise<PaperAccount> {
    return this.#ask("account", "the account", [], shape.account);
  }

  /** Every `createOrder` and `cancelOrder` that reached the exchange, of all processes, in order. */
  seen(): Promise<SeenCall[]> {
    return this.#ask("seen", "what it saw", [], shape.seen);
  }

  /** Closes the connection: calls that wait are `no_answer`, and so is every later call. The exchange itself stays open. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connection = await this.#connecting.catch(() => undefined);
    connection?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #ask<Answer>(
    method: Method,
    what: string,
    args: readonly unknown[],
    shape: z.ZodType<Answer>,
  ): Promise<Answer> {
    try {
      const connection = await this.#connected();
      const answer = shape.safeParse(await connection.ask(method, args));
      if (!answer.success)
        throw new Unanswered("its answer cannot be read: use the same signalflow-state on both sides", {
          cause: answer.error,
        });
      return answer.data;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      throw new ExchangeError("no_answer", `${this.name} was asked for ${what} and did not answer: ${error.message}`, {
        cause: error,
      });
    }
  }

  /** The connection, made anew if it was lost. Calls that come meanwhile share it. */
  async #connected(): Promise<Connection> {
    if (this.#isClosed) throw new Unanswered("the connection was closed");
    const current = this.#connecting;
    const connection = await current.catch(() => undefined);
    if (connection?.isOpen) return connection;
    if (this.#connecting === current) this.#connecting = this.#connectedAnew();
    return this.#connecting;
  }

  async #connectedAnew(): Promise<Connection> {
    const connection = await Connection.open(this.path);
    if (!this.#isClosed && connection.hello.account === this.hello.account) return connection;
    connection.close();
    throw new Unanswered(
      this.#isClosed ? "the connection was closed" : `another account is served at ${this.path}: connect to it anew`,
    );
  }
}
