/** Rows as the port to an exchange tells them. */
import { averagePrice } from "../../src/exact/average-price.js";
import { parseDecimal } from "../../src/exact/decimal.js";
import type { ExchangeFill, ExchangeOrder, ExchangePosition, OrderRequest } from "../port/exchange.js";
import type { ExchangeFailure } from "../port/exchange-error.js";
import type { PaperCall, PaperFill, PaperOrder, PaperPosition } from "./paper-rows.js";

/** A call of `createOrder` or `cancelOrder` that reached the exchange, whatever came of it. */
export type SeenCall =
  | {
      readonly method: "createOrder";
      readonly clientOrderId: string;
      readonly pair: string;
      readonly request: OrderRequest;
      readonly accepted: boolean;
      /** Why it was not. */
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
    ...(order.filled !== "0" && { average: averagePrice(parseDecimal(order.cost), Number(order.filled)) }),
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
    ...(markPrice !== undefined && { markPrice }),
  };
}

export function toldFill(fill: PaperFill): ExchangeFill {
  return {
    fillId: fill.id,
    ...(fill.clientOrderId !== null && { clientOrderId: fill.clientOrderId }),
    orderId: fill.orderId,
    pair: fill.pair,
    side: fill.side,
    ...(fill.positionSide !== null && { positionSide: fill.positionSide }),
    price: fill.price,
    size: Number(fill.size),
    fee: Number(fill.fee),
    ...(fill.feeBase !== null && { feeBase: Number(fill.feeBase) }),
    ts: new Date(fill.at),
  };
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
