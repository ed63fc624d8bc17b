/** The port to an exchange: what recovery reads and does there. Adapters are in the folders beside it. */
import type { Fee, OrderSide, PositionSide } from "../../src/types.js";

/**
 * An account at an exchange. Every method rejects with an ExchangeError when it cannot answer: a failed read is never an empty
 * list. Sizes are in base currency (contracts x contract size), prices and fees in quote currency, pairs in ccxt's unified form
 * (`BTC/USDT`, `BTC/USDT:USDT`). Client order ids are what the bot gave: at most 32 of `[A-Za-z0-9_-]`.
 */
export interface Exchange {
  /** Used in words for people and in client order ids: `binanceusdm`. */
  readonly name: string;
  /**
   * `unproven`: nothing shows that the adapter reads and sends what is meant here; recovery puts every order before a person. Absent: its maker vouches for
   * it.
   */
  readonly level?: ExchangeLevel;
  /** What this account cannot tell, in words; found when the adapter is made. */
  readonly limitations?: readonly string[];
  /** The exchange's name of a pair: `BTC/USDT` may be `BTC/USDT:USDT` here. Default: the same. */
  resolvePair?(pair: string): Promise<string>;
  /** Every open position of the account. Rows of size zero may be among them: they are ignored. */
  fetchPositions(): Promise<ExchangePosition[]>;
  /** Every order of the account that may still be filled, stop orders included. */
  fetchOpenOrders(): Promise<ExchangeOrder[]>;
  /** The order, open or over; undefined when the exchange says that it does not know it. */
  fetchOrder(clientOrderId: string, pair: string): Promise<ExchangeOrder | undefined>;
  /** All executions of the account in a pair since that time, oldest first. */
  fetchFills(pair: string, since: Date): Promise<ExchangeFill[]>;
  /**
   * Submits an order. Rejects with an ExchangeError: `duplicate_order_id` (an order of this client order id was taken before),
   * `nothing_to_reduce`, `rejected` (it is certain that it was not taken), `no_answer` (it may have been taken).
   */
  createOrder(request: OrderRequest): Promise<ExchangeOrder>;
  /** Cancels an order. True also if it is already over; false if the exchange does not know it. */
  cancelOrder(clientOrderId: string, pair: string): Promise<boolean>;
  /** The smallest order size of the exchange, base currency; 0 or absent: unknown. */
  minSize?(pair: string): number | undefined;

  // The rest may be absent. What is absent counts as unknown, and recovery says so; it is never taken for a fact.

  /** How the account counts positions; undefined when the exchange does not say. */
  positionMode?(): PositionMode | undefined | Promise<PositionMode | undefined>;
  /** The exchange's own clock. */
  fetchTime?(): Promise<Date>;
  /** The market under a pair's name; undefined if the exchange has no such market, or no longer has it. */
  fetchMarket?(pair: string): Promise<MarketTerms | undefined>;
  /** The order by the exchange's own id, open or over; undefined if the exchange does not know it. It shows whose a fill is that does not say so. */
  fetchOrderById?(orderId: string, pair: string): Promise<ExchangeOrder | undefined>;
  /** What the exchange proves by client order ids. */
  readonly clientOrderIds?: ClientOrderIdProof;
  /** Told the flow's ids before anything is read. If the exchange was given a digest in place of an id, the adapter reports that id from now on. */
  recognise?(clientOrderIds: readonly string[]): void;
  /**
   * The same exchange for one recovery: every request has `timeout` ms of its own (a walk over many pages may take longer) and is told to `onRequest`; none
   * is made once `signal` has aborted. For an adapter without this method, each call of a method has that time.
   */
  bounded?(limits: RequestLimits): Exchange;
}

export type ExchangeLevel = "proven" | "unproven";

/** `netting`: one position per pair, long or short. `hedge`: a long and a short side by side. `spot`: coins, never short. */
export type PositionMode = "netting" | "hedge" | "spot";

export interface MarketTerms {
  /** The currency in which results are paid. */
  readonly settle: string;
  /** Whether the contract settles in its base currency. */
  readonly inverse: boolean;
  /** Base currency of one contract; 1 if there are no contracts. */
  readonly contractSize: number;
  /** The smallest order, base currency; 0: unknown. */
  readonly minSize: number;
  /** When the contract is settled. */
  readonly expires?: Date;
}

/** What an exchange proves by client order ids. An absent part is not proven. */
export interface ClientOrderIdProof {
  /** How long after an order's end `fetchOrder` still finds it by its client order id, ms; `Infinity`: always. */
  readonly foundFor?: number;
  /** Every fill carries the client order id of its order, if the order had one. */
  readonly inFills?: boolean;
  /** Whether an id is of the kind that the exchange's own pages, app or engine make (a liquidation). */
  readonly madeByExchange?: (clientOrderId: string) => boolean;
  /**
   * Whether an id is of the kind that the exchange gives the order which a fired stop became. It does not say who sent the stop: the order is the
   * stop's, and found by the stop's id.
   */
  readonly namesFiredStop?: (clientOrderId: string) => boolean;
}

export interface RequestLimits {
  /** Time limit of each request, ms. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
  /** Called before each request, with what is asked, in words. */
  readonly onRequest?: (what: string) => void;
  /** How long, in ms and in total, to wait when the exchange says when to ask again; default 0: an error with `retryAt`. */
  readonly patience?: number;
  /** Called before such a wait, in words. */
  readonly onWait?: (what: string) => void;
}

export interface ExchangePosition {
  readonly pair: string;
  readonly side: PositionSide;
  /** Base currency; not negative. */
  readonly size: number;
  readonly entryPrice?: number;
  readonly markPrice?: number;
  /** The worth of the position as the exchange tells it, in its settle currency; not negative. */
  readonly notional?: number;
}

export type ExchangeOrderStatus = "open" | "filled" | "cancelled" | "rejected";

export interface ExchangeOrder {
  /** Absent when the order was made without one, or the exchange does not say it. */
  readonly clientOrderId?: string;
  /** The exchange's own id. */
  readonly id: string;
  readonly pair: string;
  readonly side: OrderSide;
  readonly size: number;
  readonly filled: number;
  readonly price: number | null;
  /** Average price of the filled part. */
  readonly average?: number;
  readonly status: ExchangeOrderStatus;
  readonly reduceOnly: boolean;
  /** The order waits for a trigger price: stop loss, take profit. */
  readonly stop: boolean;
  readonly createdAt?: Date;
}

export interface ExchangeFill {
  /** The exchange's own id of the execution; unique within the pair. */
  readonly fillId: string;
  readonly clientOrderId?: string;
  /** The exchange's own id of the order. */
  readonly orderId?: string;
  readonly pair: string;
  readonly side: OrderSide;
  /** In hedge mode, where the exchange says it: the side of the position that was changed. */
  readonly positionSide?: PositionSide;
  readonly price: number;
  /** Base currency, before a fee taken in it. */
  readonly size: number;
  /** In quote currency; a rebate is negative. A fee in base currency is here at the fill's price too. */
  readonly fee: number;
  /** The part of the fee that was taken in base currency (spot): the position grows by size - feeBase. */
  readonly feeBase?: number;
  /** A fee in a third currency, which is not in `fee`: `{ amount: 0.001, currency: "BNB" }`. */
  readonly feeOther?: { readonly amount: number; readonly currency: string };
  /** All fees by currency. If given, `fee`, `feeBase` and `feeOther` are ignored. */
  readonly fees?: readonly Fee[];
  readonly ts: Date;
}

export interface OrderRequest {
  readonly clientOrderId: string;
  readonly pair: string;
  readonly side: OrderSide;
  /** Base currency. */
  readonly size: number;
  readonly type: "market" | "limit" | "stop";
  /** Price of a limit order; trigger price of a stop. */
  readonly price?: number;
  readonly reduceOnly: boolean;
  /** In hedge mode: the position the order is for. Adapters in netting mode ignore it. */
  readonly positionSide?: PositionSide;
}
