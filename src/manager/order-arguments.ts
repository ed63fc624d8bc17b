/** Turns callers' orders and fills into arguments of operations. */

import { InvalidArgumentError } from "../errors.js";
import type { OrderChanges } from "../operations/update-order.js";
import type { Fee } from "../state/fee.js";
import type { FillInput, OrderInput, OrderPatch, OrderStatus, Fee as TellableFee } from "../types.js";
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
  "reason",
  "rate",
  "flip",
  "version",
];

export function orderArguments(order: OrderInput) {
  const o = check.fields("order", order, ORDER_FIELDS);
  return {
    id: check.id("order.id", o.id),
    pair: check.pair("order.pair", o.pair),
    side: check.orderSide("order.side", o.side),
    orderType: check.optionalId("order.orderType", o.orderType),
    price: o.price === undefined ? undefined : check.optionalPrice("order.price", o.price),
    size: check.size("order.size", o.size),
    status: check.orderStatus("order.status", o.status),
    createdAt: check.optionalTime("order.createdAt", o.createdAt),
    filled: check.notNegative("order.filled", o.filled ?? 0),
    intent: o.intent === undefined ? undefined : check.orderIntent("order.intent", o.intent),
    positionId: check.optionalId("order.positionId", o.positionId),
    signalId: check.optionalId("order.signalId", o.signalId),
    tp: o.tp === undefined ? undefined : check.optionalPrice("order.tp", o.tp),
    sl: o.sl === undefined ? undefined : check.optionalPrice("order.sl", o.sl),
    cooldown:
      o.cooldown === undefined
        ? undefined
        : check.orNone(o.cooldown, (value) => check.duration("order.cooldown", value)),
    metadata: o.metadata === undefined ? undefined : check.metadata("order.metadata", o.metadata),
    reason: check.words("order.reason", o.reason),
    rate: check.optionalRate("order.rate", o.rate),
    flip: check.optionalId("order.flip", o.flip),
  };
}

const ORDER_PATCH_FIELDS = ["size", "price", "status", "filled", "metadata", "tp", "sl", "cooldown", "reason", "rate"];

export function orderPatchArguments(patch: OrderPatch): OrderChanges {
  const p = check.fields("patch", patch, ORDER_PATCH_FIELDS);
  return {
    size: p.size === undefined ? undefined : check.size("patch.size", p.size),
    price: p.price === undefined ? undefined : check.optionalPrice("patch.price", p.price),
    status: p.status === undefined ? undefined : check.orderStatus("patch.status", p.status),
    filled: p.filled === undefined ? undefined : check.notNegative("patch.filled", p.filled),
    metadata: p.metadata === undefined ? undefined : check.metadata("patch.metadata", p.metadata),
    tp: p.tp === undefined ? undefined : check.optionalPrice("patch.tp", p.tp),
    sl: p.sl === undefined ? undefined : check.optionalPrice("patch.sl", p.sl),
    cooldown:
      p.cooldown === undefined
        ? undefined
        : check.orNone(p.cooldown, (value) => check.duration("patch.cooldown", value)),
    reason: p.reason === undefined ? undefined : check.reason("patch.reason", p.reason),
    rate: check.optionalRate("patch.rate", p.rate),
  };
}

export function noOrder(id: string, status?: OrderStatus): InvalidArgumentError {
  const which = JSON.stringify(id);
  return new InvalidArgumentError(
    status === undefined ? `id: no pending order ${which}` : `id: order ${which} is ${status}, it changes no more`,
  );
}

/** `dust`: once no other exit of the order's position is pending, a rest of up to this size ends as dust. */
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
  const f = check.fields("fill", fill, ["fillId", "price", "size", "fee", "rate", "ts", "done", "overfill", "dust"]);
  return {
    orderId: check.id("orderId", orderId),
    fillId: check.id("fill.fillId", f.fillId),
    price: check.finite("fill.price", f.price),
    size: check.size("fill.size", f.size),
    fees: feesOf(f.fee),
    rate: check.optionalRate("fill.rate", f.rate),
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

const FEE_FIELDS = ["amount", "currency", "rate"];

/** A plain number is in the pair's settle currency. */
function feesOf(fee: FillInput["fee"]): Fee[] {
  if (fee === undefined) return [];
  if (typeof fee === "number") return [{ amount: check.finite("fill.fee", fee), currency: undefined, rate: undefined }];
  if (!isFees(fee)) return [feeOf("fill.fee", fee)];
  return check.list("fill.fee", fee, feeOf);
}

function isFees(fee: TellableFee | readonly TellableFee[]): fee is readonly TellableFee[] {
  return Array.isArray(fee);
}

function feeOf(field: string, fee: TellableFee): Fee {
  const f = check.fields(field, fee, FEE_FIELDS);
  return {
    amount: check.finite(`${field}.amount`, f.amount),
    currency: check.currency(`${field}.currency`, f.currency),
    rate: check.optionalRate(`${field}.rate`, f.rate),
  };
}

export function fillNames(fills: readonly { orderId: string; fillId: string }[]) {
  return check.list("fills", fills, (field, { orderId, fillId }) => ({
    orderId: check.id(`${field}.orderId`, orderId),
    fillId: check.id(`${field}.fillId`, fillId),
  }));
}
