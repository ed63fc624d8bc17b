/** When orders are filled, and at what price. */

import { decimalText, multiplyDecimal, parseDecimal, toDecimal } from "../../src/exact/decimal.js";
import { compare, smaller, subtract } from "../../src/exact/decimal-in-text.js";
import type { OrderSide } from "../../src/types.js";
import type { Book } from "./book.js";
import { bookExecution, type Execution, reducedSide } from "./booking.js";
import type { PaperOrder } from "./paper-rows.js";
import type { Rules } from "./rules.js";
import { piecesOf, touchedPart } from "./split.js";

/** Fills a new order as far as it can be filled at once. The rest waits. */
export function match(state: Book, rules: Rules, order: PaperOrder, price: number): void {
  if (order.type === "market") executeAll(state, rules, order, price, false);
  else if (order.type === "limit" && order.price !== null && crosses(order.side, order.price, price))
    executeAll(state, rules, order, price, false);
  else if (order.type === "stop" && order.price === price) executeAll(state, rules, order, price, false);
}

/**
 * Moves the price of a pair and fills the waiting orders on the way, in the order in which the price reaches them. After a jump a stop is filled at the new
 * price; on a walk, at its trigger.
 */
export function movePrice(state: Book, rules: Rules, pair: string, to: number, how: "jump" | "walk"): void {
  const from = state.price(pair) ?? to;
  state.setPrice(pair, to);
  const met = state
    .openOrders()
    .filter((order) => order.pair === pair && meets(order, to))
    .sort((a, b) => distance(a, from) - distance(b, from));
  for (const { id } of met) {
    const order = state.orderById(id);
    if (order?.status !== "open" || order.price === null) continue;
    if (order.type === "stop") {
      executeAll(state, rules, order, how === "jump" ? to : order.price, false);
    } else if (order.price === to) executeTouched(state, rules, order);
    else executeAll(state, rules, order, order.price, true);
  }
}

/** Fills the rest of an order. */
export function executeAll(state: Book, rules: Rules, order: PaperOrder, price: number, maker: boolean): void {
  const left = subtract(order.size, order.filled);
  const pieces = piecesOf(rules, order.pair, left, `${order.id}|${order.filled}`);
  let current = order;
  for (const size of pieces) {
    if (current.status !== "open") return;
    current = execute(state, rules, current, { price, size, maker });
  }
}

function executeTouched(state: Book, rules: Rules, order: PaperOrder): void {
  if (order.price === null) return;
  const left = subtract(order.size, order.filled);
  const size = touchedPart(rules, order.pair, left, `${order.id}|${order.filled}`);
  execute(state, rules, order, { price: order.price, size, maker: true });
}

/** Fills a part of an order. If there is less to reduce or to pay with, it fills less, and the order is over. */
export function execute(state: Book, rules: Rules, order: PaperOrder, execution: Execution): PaperOrder {
  const room = roomFor(state, rules, order, execution.price);
  const size = room === undefined ? execution.size : smaller(room, execution.size);
  if (compare(size, "0") <= 0) return end(state, order);
  const next = bookExecution(state, rules, order, { ...execution, size });
  return next.status === "open" && compare(size, execution.size) < 0 ? end(state, next) : next;
}

/** How much of an order can be filled; undefined: all of it. */
function roomFor(state: Book, rules: Rules, order: PaperOrder, price: number): string | undefined {
  if (rules.market === "spot" && order.side === "buy") return canPay(state, order, price) ? undefined : "0";
  if (!mayOnlyReduce(rules, order)) return undefined;
  const side = reducedSide(order);
  return (side && state.position(order.pair, side)?.size) ?? "0";
}

function canPay(state: Book, order: PaperOrder, price: number): boolean {
  const left = parseDecimal(subtract(order.size, order.filled));
  return compare(decimalText(multiplyDecimal(left, toDecimal(price))), state.account.balance) <= 0;
}

/** True for reduce-only orders, for orders that close a position of a hedge, and for sales of coins. */
export function mayOnlyReduce(rules: Rules, order: Pick<PaperOrder, "reduceOnly" | "side" | "positionSide">): boolean {
  if (order.reduceOnly) return true;
  if (rules.market === "spot") return order.side === "sell";
  return rules.mode === "hedge" && reducedSide(order) !== undefined;
}

/** Ends an order with which nothing more can be done. If it was filled in part, its size becomes what was filled. */
function end(state: Book, order: PaperOrder): PaperOrder {
  const ended: PaperOrder =
    order.filled === "0" ? { ...order, status: "cancelled" } : { ...order, size: order.filled, status: "filled" };
  state.setOrder(ended);
  return ended;
}

/** Whether a limit order would be filled at this price. */
function crosses(side: OrderSide, limit: number, price: number): boolean {
  return side === "buy" ? price <= limit : price >= limit;
}

function meets(order: PaperOrder, price: number): boolean {
  if (order.price === null) return false;
  if (order.type === "limit") return crosses(order.side, order.price, price);
  return order.waits === "rise" ? price >= order.price : price <= order.price;
}

function distance(order: PaperOrder, from: number): number {
  return Math.abs((order.price ?? from) - from);
}

export function cancel(state: Book, order: PaperOrder): void {
  if (order.status === "open") state.setOrder({ ...order, status: "cancelled" });
}
