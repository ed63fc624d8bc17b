/** Rows in the form of the port. */
import { parseDecimal, toNumber } from "../../src/exact/decimal.js";
import type { PositionSide } from "../../src/types.js";
import type { ExchangeFill, ExchangeOrder, ExchangePosition, OrderRequest } from "../port/exchange.js";
import type { ExchangeFailure } from "../port/exchange-error.js";
import { paperMarket, priceOf, worth } from "./paper-market.js";
import type { PaperCall, PaperCashRow, PaperFill, PaperOrder, PaperPosition } from "./paper-rows.js";
import type { Rules } from "./rules.js";

/** A call of `createOrder` or `cancelOrder` that reached the exchange, whether or not it succeeded. */
export type SeenCall =
  | {
      readonly method: "createOrder";
      readonly clientOrderId: string;
      readonly pair: string;
      readonly request: OrderRequest;
      readonly accepted: boolean;
      /** Why the order was not taken. */
      readonly failure?: ExchangeFailure;
      readonly at: Date;
    }
  | {
      readonly method: "cancelOrder";
      readonly clientOrderId: string;
      readonly pair: string;
      /** Whether the exchange knew the order. */
      readonly accepted: boolean;
      readonly at: Date;
    };

export function toldOrder(order: PaperOrder): ExchangeOrder {
  return {
    ...(order.clientOrderId !== null && { clientOrderId: order.clientOrderId }),
    id: order.id,
    pair: order.pair,
    side: order.side,
    size: Number(order.size),
    filled: Number(order.filled),
    price: order.price,
    ...(order.filled !== "0" && { average: priceOf(order.pair, parseDecimal(order.cost), order.filled) }),
    status: order.status,
    reduceOnly: order.reduceOnly,
    stop: order.type === "stop",
    createdAt: new Date(order.createdAt),
  };
}

export function toldPosition(position: PaperPosition, markPrice: number | undefined): ExchangePosition {
  return {
    pair: position.pair,
    side: position.side,
    size: Number(position.size),
    entryPrice: position.entryPrice,
    ...(markPrice !== undefined && {
      markPrice,
      notional: toNumber(worth(position.pair, position.size, markPrice)),
    }),
  };
}

export function toldFill(fill: PaperFill, rules: Rules): ExchangeFill {
  return {
    fillId: fill.id,
    ...(fill.clientOrderId !== null && rules.fillsNameOrders && { clientOrderId: fill.clientOrderId }),
    orderId: fill.orderId,
    pair: fill.pair,
    side: fill.side,
    ...(fill.positionSide !== null && rules.fillsNameSides && { positionSide: fill.positionSide }),
    price: fill.price,
    size: Number(fill.size),
    fee: Number(fill.fee),
    ...(fill.feeBase !== null && { feeBase: Number(fill.feeBase) }),
    ...feesOf(fill),
    ts: new Date(fill.at),
  };
}

/** The fee in the currency in which it was taken; empty if the pair's name does not say its coins. */
function feesOf({ pair, fee, feeBase }: PaperFill): Pick<ExchangeFill, "fees"> {
  const market = paperMarket(pair);
  if (typeof market === "string" || !market.coins) return {};
  const { base, settle } = market.coins;
  const [amount, currency] = feeBase === null ? [Number(fee), settle] : [Number(feeBase), base];
  return { fees: amount === 0 ? [] : [{ amount, currency }] };
}

/** Money that moved on the account without a trade. `bookCash(amount, { id, kind, pair, currency, ts })` books it. */
export interface PaperCash {
  /** Unique on the account. */
  readonly id: string;
  readonly kind: "funding" | "settlement";
  readonly pair: string;
  /** The side of the position that the money was for. */
  readonly side: PositionSide;
  /** The amount as it changed the account: negative when it was paid. */
  readonly amount: number;
  /** The pair's settle currency; absent if its name does not say it. */
  readonly currency?: string;
  readonly ts: Date;
}

export function toldCash({ id, kind, pair, side, amount, currency, at }: PaperCashRow): PaperCash {
  const told = { id, kind, pair, side, amount: Number(amount), ts: new Date(at) };
  return currency === "" ? told : { ...told, currency };
}

export function toldCall(call: PaperCall): SeenCall {
  const at = new Date(call.at);
  if (call.method === "cancelOrder") {
    const { clientOrderId, pair } = call;
    return { method: "cancelOrder", clientOrderId, pair, accepted: call.known, at };
  }
  const { request, failure } = call;
  return {
    method: "createOrder",
    clientOrderId: request.clientOrderId,
    pair: request.pair,
    request,
    accepted: failure === null,
    ...(failure !== null && { failure }),
    at,
  };
}
