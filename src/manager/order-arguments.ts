/** Orders and their fills as callers give them, made the arguments of operations. */

import type { FillInput, OrderInput } from "../types.js";
import type { AdmissionPolicy } from "./admission-arguments.js";
import * as check from "./check.js";
import type { TradePolicy } from "./risk-arguments.js";

const ORDER_FIELDS = [
  "id",
  "pair",
  "side",
  "orderType",
  "price",
  "size",
  "status",
  "createdAt",
  "filled",
  "intent",
  "positionId",
  "signalId",
  "tp",
  "sl",
  "cooldown",
  "metadata",
];

export function orderArguments(order: OrderInput) {
  const o = check.fields("order", order, ORDER_FIELDS);
  const price = check.optionalPrice("order.price", o.price);
  return {
    id: check.id("order.id", o.id),
    pair: check.pair("order.pair", o.pair),
    side: check.orderSide("order.side", o.side),
    orderType: check.optionalId("order.orderType", o.orderType) ?? (price === null ? "market" : "limit"),
    price,
    size: check.size("order.size", o.size),
    status: check.orderStatus("order.status", o.status),
    createdAt: check.optionalTime("order.createdAt", o.createdAt),
    filled: check.notNegative("order.filled", o.filled ?? 0),
    intent: check.orderIntent("order.intent", o.intent),
    positionId: check.optionalId("order.positionId", o.positionId),
    signalId: check.optionalId("order.signalId", o.signalId),
    tp: check.optionalPrice("order.tp", o.tp),
    sl: check.optionalPrice("order.sl", o.sl),
    cooldown: check.orNone(o.cooldown, (value) => check.duration("order.cooldown", value)),
    metadata: check.orNone(o.metadata, (value) => check.metadata("order.metadata", value)),
  };
}

/** `dust`: what is left of the order's position, once no other exit of it is pending, ends as dust up to this size. */
export interface CancelOptions {
  releaseSignal?: boolean;
  dust?: number;
}

export function cancelArguments(orderId: string, options: CancelOptions, policy: TradePolicy) {
  const o = check.fields("options", options, ["releaseSignal", "dust"]);
  return {
    id: check.id("orderId", orderId),
    releaseSignal: check.flag("releaseSignal", o.releaseSignal),
    dust: check.optionalSize("dust", o.dust),
    dayStart: policy.dayStart,
    breakerDuration: policy.breakerDuration,
    maxTrades: policy.maxTrades,
  };
}

export function fillArguments(orderId: string, fill: FillInput, policy: TradePolicy & AdmissionPolicy) {
  const f = check.fields("fill", fill, ["fillId", "price", "size", "fee", "ts", "done", "overfill", "dust"]);
  return {
    orderId: check.id("orderId", orderId),
    fillId: check.id("fill.fillId", f.fillId),
    price: check.finite("fill.price", f.price),
    size: check.size("fill.size", f.size),
    fee: check.finite("fill.fee", f.fee ?? 0),
    ts: check.optionalTime("fill.ts", f.ts),
    done: check.flag("fill.done", f.done),
    dust: check.optionalSize("fill.dust", f.dust),
    overfill: check.flag("fill.overfill", f.overfill),
    dayStart: policy.dayStart,
    breakerDuration: policy.breakerDuration,
    dedupWindow: policy.dedupWindow,
    maxIds: policy.maxIds,
    maxTrades: policy.maxTrades,
  };
}

export function fillNames(fills: readonly { orderId: string; fillId: string }[]) {
  return check.list("fills", fills, (field, { orderId, fillId }) => ({
    orderId: check.id(`${field}.orderId`, orderId),
    fillId: check.id(`${field}.fillId`, fillId),
  }));
}
