/** The port to an exchange: what recovery asks of it and what it may do there. Adapters live beside it. */
import type { Fee, OrderSide, PositionSide } from "../../src/types.js";

/**
 * An account at an exchange. Every method rejects with an ExchangeError when it cannot answer: a failed read is never an empty
 * list. Sizes are in base currency (contracts x contract size), prices and fees in quote currency, pairs in ccxt's unified form
 * (`BTC/USDT`, `BTC/USDT:USDT`). Client order ids are what the bot gave: at most 32 of `[A-Za-z0-9_-]`.
 */
export interface Exchange {
  /** For people and for client order ids: `binanceusdm`. */
  readonly name: string;
  /**
   * `unproven`: the adapter has not been shown to read and send what is meant here: recovery puts every order before a person. Absent:
   * its maker's word.
   */
  readonly level?: ExchangeLevel;
  /** What this account cannot tell, in words; found when the adapter is made. */
  readonly limitations?: readonly string[];
  /** What the exchange calls a pair: `BTC/USDT` may be `BTC/USDT:USDT` here. Default: the same. */
  resolvePair?(pair: string): Promise<string>;
  /** Every open position of the account. Rows of size zero may be among them: they are ignored. */
  fetchPositions(): Promise<ExchangePosition[]>;
  /** Every order of the account that may still be filled, stop orders included. */
  fetchOpenOrders(): Promise<ExchangeOrder[]>;
  /** The order, open or over; undefined when the exchange says that it does not know it. */
  fetchOrder(clientOrderId: string, pair: string): Promise<ExchangeOrder | undefined>;
  /** The account's executions of a pair since that time, oldest first, all of them. */
  fetchFills(pair: string, since: Date): Promise<ExchangeFill[]>;
  /**
   * Submits an order. Rejects with an ExchangeError: `duplicate_order_id` (an order of this client order id was taken before),
   * `nothing_to_reduce`, `rejected` (it is certain that it was not taken), `no_answer` (it may have been taken).
   */
  createOrder(request: OrderRequest): Promise<ExchangeOrder>;
  /** Cancels an order; true also when it is over already, false when the exchange does not know it. */
  cancelOrder(clientOrderId: string, pair: string): Promise<boolean>;
  /** The smallest size the exchange takes an order of, base currency; 0 or absent: unknown. */
  minSize?(pair: string): number | undefined;

  // What follows may be absent. What is absent is unknown, and recovery says so; it is never taken for a fact.

  /** How the account counts positions; undefined when the exchange does not say. */
  positionMode?(): PositionMode | undefined | Promise<PositionMode | undefined>;
  /** The exchange's own clock. */
  fetchTime?(): Promise<Date>;
  /** What is traded under a pair's name; undefined when the exchange has no such market, or no longer. */
  fetchMarket?(pair: string): Promise<MarketTerms | undefined>;
  /** The order of the exchange's own id, open or over; undefined when the exchange does not know it. Tells whose a fill is that does not say so. */
  fetchOrderById?(orderId: string, pair: string): Promise<ExchangeOrder | undefined>;
  /** What the exchange proves by client order ids. */
  readonly clientOrderIds?: ClientOrderIdProof;
  /** Ids of the flow, before anything is read: an exchange that was given a digest in place of one tells it as that id from now on. */
  recognise?(clientOrderIds: readonly string[]): void;
  /**
   * The same exchange for one recovery: every request it makes has `timeout` ms of its own (a walk of many pages may take longer), is told
   * to `onRequest`, and none is made once `signal` is aborted. An adapter without it is given that time for each call of a method.
   */
  bounded?(limits: RequestLimits): Exchange;
}

export type ExchangeLevel = "proven" | "unproven";

/** `netting`: one position per pair, long or short. `hedge`: a long and a short side by side. `spot`: coins, never short. */
export type PositionMode = "netting" | "hedge" | "spot";

export interface MarketTerms {
  /** The currency in which results are paid. */
  readonly settle: string;
  /** Whether it settles in its base currency. */
  readonly inverse: boolean;
  /** Base currency of one contract; 1 where there are no contracts. */
  readonly contractSize: number;
  /** The smallest order, base currency; 0: unknown. */
  readonly minSize: number;
  /** When the contract is settled. */
  readonly expires?: Date;
}

/** What an exchange proves by client order ids. A part that is absent is not proven. */
export interface ClientOrderIdProof {
  /** For so long after its end `fetchOrder` finds an order by the id that it was submitted under, ms; `Infinity`: for good. */
  readonly foundFor?: number;
  /** Every fill says the client order id of its order, where that had one. */
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
  /** ms that each request may take. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
  /** Told of each request before it is made, in words. */
  readonly onRequest?: (what: string) => void;
  /** ms that may be waited in all where the exchange says when to ask again; default 0: that is an error with `retryAt`. */
  readonly patience?: number;
  /** Told before it waits for that, in words. */
  readonly onWait?: (what: string) => void;
}

export interface ExchangePosition {
  readonly pair: string;
  readonly side: PositionSide;
  /** Base currency; not negative. */
  readonly size: number;
  readonly entryPrice?: number;
  readonly markPrice?: number;
  /** What it is worth as the exchange says it, in its settle currency; not negative. */
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
  /** Average price of what was filled. */
  readonly average?: number;
  readonly status: ExchangeOrderStatus;
  readonly reduceOnly: boolean;
  /** Waits for a trigger price: stop loss, take profit. */
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
  /** What of the fee was taken in base currency (spot): the position grows by size - feeBase. */
  readonly feeBase?: number;
  /** A fee in a third currency, which is not in `fee`: `{ amount: 0.001, currency: "BNB" }`. */
  readonly feeOther?: { readonly amount: number; readonly currency: string };
  /** All fees by currency, in place of `fee`, `feeBase` and `feeOther`, which are not looked at then. */
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
  /** Of a limit order; the trigger price of a stop. */
  readonly price?: number;
  readonly reduceOnly: boolean;
  /** In hedge mode: the position the order is for. Adapters in netting mode ignore it. */
  readonly positionSide?: PositionSide;
}
