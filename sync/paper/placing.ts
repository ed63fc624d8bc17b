/** Which orders the exchange takes. */

import { InvalidArgumentError } from "../../src/errors.js";
import { decimalText, multiplyDecimal, parseDecimal, toDecimal } from "../../src/exact/decimal.js";
import { compare } from "../../src/exact/decimal-in-text.js";
import * as check from "../../src/manager/check.js";
import type { OrderRequest } from "../port/exchange.js";
import type { Book } from "./book.js";
import { reducedSide } from "./booking.js";
import { untradable } from "./listing.js";
import { match, mayOnlyReduce } from "./matching.js";
import { isForgotten } from "./memory.js";
import type { PaperOrder } from "./paper-rows.js";
import { forPair, isMultiple, type Rules, stepOf } from "./rules.js";

/** An order that may have no client order id: one that was made by hand. */
export type Placement = Omit<OrderRequest, "clientOrderId"> & { readonly clientOrderId?: string };

/** Why the exchange does not take an order. */
export class OrderRefusal {
  constructor(
    readonly failure: "duplicate_order_id" | "nothing_to_reduce" | "rejected",
    readonly message: string,
  ) {}
}

const MAX_AMOUNT = 9e15;
const PLACEMENT_FIELDS = ["clientOrderId", "pair", "side", "size", "type", "price", "reduceOnly", "positionSide"];

/** The request, checked for what no exchange would understand. Throws an InvalidArgumentError that names the field. */
export function checkedPlacement(request: Placement): Placement {
  const { clientOrderId, pair, side, size, type, price, reduceOnly, positionSide } = check.fields(
    "order",
    request,
    PLACEMENT_FIELDS,
  );
  const priced = type !== "market";
  if (!["market", "limit", "stop"].includes(type))
    throw new InvalidArgumentError(`type: expected market, limit or stop, got ${JSON.stringify(type)}`);
  if (typeof reduceOnly !== "boolean")
    throw new InvalidArgumentError(`reduceOnly: expected true or false, got ${JSON.stringify(reduceOnly)}`);
  return {
    ...(clientOrderId !== undefined && { clientOrderId: check.orderId("clientOrderId", clientOrderId) }),
    pair: check.pair("pair", pair),
    side: check.orderSide("side", side),
    size: amount("size", size),
    type,
    ...(priced && { price: amount("price", price) }),
    reduceOnly,
    ...(positionSide !== undefined && { positionSide: check.positionSide("positionSide", positionSide) }),
  };
}

export function amount(field: string, value: unknown): number {
  const number = check.size(field, value);
  if (number > MAX_AMOUNT) throw new InvalidArgumentError(`${field}: expected at most 9e15, got ${number}`);
  return number;
}

/**
 * Takes an order and fills what can be filled at once. `at` is the price at which a market order is filled; by default the
 * pair's. A refused order changes nothing.
 */
export function place(state: Book, rules: Rules, request: Placement, at?: number): PaperOrder | OrderRefusal {
  const { pair, side, type, reduceOnly } = request;
  const earlier = request.clientOrderId === undefined ? undefined : state.order(request.clientOrderId);
  if (earlier && !isForgotten(rules, earlier, state.account.at))
    return new OrderRefusal("duplicate_order_id", `an order ${request.clientOrderId} was taken before`);
  const refused = untradable(state, rules, pair);
  if (refused !== undefined) return new OrderRefusal("rejected", `pair: ${refused}`);
  const price = at ?? state.price(pair);
  if (price === undefined) return new OrderRefusal("rejected", `pair: ${pair} has no price`);
  const size = decimalText(toDecimal(request.size));
  const order: PaperOrder = {
    id: `o${state.account.orders + 1}`,
    clientOrderId: request.clientOrderId ?? null,
    pair,
    side,
    type,
    size,
    filled: "0",
    cost: "0",
    price: type === "market" ? null : (request.price ?? null),
    status: "open",
    reduceOnly,
    positionSide: positionSideOf(rules, request),
    waits: type === "stop" ? awaited(request.price ?? price, price) : null,
    createdAt: state.account.at,
    endedAt: null,
  };
  const refusal =
    refusedReduction(state, rules, order) ??
    refusedSize(state, rules, order) ??
    unaffordable(state, rules, order, price);
  if (refusal) return refusal;

  state.account = { ...state.account, orders: state.account.orders + 1 };
  state.setOrder(order);
  match(state, rules, order, price);
  return state.orderById(order.id) ?? order;
}

/** The direction in which the price has to move to reach a stop's trigger. */
export function awaited(trigger: number, price: number): "rise" | "fall" {
  return trigger >= price ? "rise" : "fall";
}

function positionSideOf(rules: Rules, { side, reduceOnly, positionSide }: Placement): PaperOrder["positionSide"] {
  if (rules.mode === "netting") return null;
  if (positionSide !== undefined) return positionSide;
  return (side === "buy") === reduceOnly ? "short" : "long";
}

function refusedReduction(state: Book, rules: Rules, order: PaperOrder): OrderRefusal | undefined {
  if (!mayOnlyReduce(rules, order) || (rules.market === "spot" && !order.reduceOnly)) return undefined;
  const side = reducedSide(order);
  if (side === undefined)
    return new OrderRefusal("rejected", `reduceOnly: a ${order.side} cannot reduce a ${order.positionSide} position`);
  if (!state.position(order.pair, side))
    return new OrderRefusal("nothing_to_reduce", `there is no ${side} position in ${order.pair}`);
  return undefined;
}

export function refusedSize(state: Book, rules: Rules, order: PaperOrder): OrderRefusal | undefined {
  const { pair, size } = order;
  const reduced = mayOnlyReduce(rules, order) && reducedSide(order);
  const held = reduced ? state.position(pair, reduced)?.size : undefined;
  if (held !== undefined && compare(size, held) >= 0) return undefined; // the whole position, whatever its size
  const min = forPair(rules.minSize, pair);
  if (compare(size, decimalText(toDecimal(min))) < 0)
    return new OrderRefusal("rejected", `size: expected at least ${min} in ${pair}, got ${size}`);
  const step = stepOf(rules, pair);
  if (step > 0 && !isMultiple(parseDecimal(size), step))
    return new OrderRefusal("rejected", `size: expected a multiple of ${step} in ${pair}, got ${size}`);
  return undefined;
}

/** In a spot market nobody can sell or spend what is not there. */
export function unaffordable(state: Book, rules: Rules, order: PaperOrder, price: number): OrderRefusal | undefined {
  if (rules.market !== "spot") return undefined;
  if (order.side === "buy") {
    const worst = order.type === "stop" ? (order.price ?? price) : Math.min(order.price ?? price, price);
    const cost = decimalText(multiplyDecimal(parseDecimal(order.size), toDecimal(worst)));
    if (compare(cost, state.account.balance) > 0)
      return new OrderRefusal("rejected", `size: it would cost ${cost}, the account has ${state.account.balance}`);
  } else if (!order.reduceOnly) {
    const held = state.position(order.pair, "long")?.size ?? "0";
    if (compare(order.size, held) > 0)
      return new OrderRefusal(
        "rejected",
        `size: expected at most what is held in ${order.pair}, ${held}, got ${order.size}`,
      );
  }
  return undefined;
}
