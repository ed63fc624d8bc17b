/** Pending and closed orders. Lua twin: `lua/shared/order_life.lua`. */

import type { OrderRow } from "../records/order.js";
import type { FlowState } from "./flow-state.js";
import { isDone } from "./order-status.js";

/** Closed orders are remembered for seven days, the newest 10,000 of them: a late fill still finds its order. */
const CLOSED_MEMORY = { window: 7 * 86_400_000, max: 10_000 } as const;

/** The order, pending or recently closed. */
export function findOrder(state: FlowState, id: string): OrderRow | undefined {
  return state.orders.get(id) ?? state.closedOrders.get(id);
}

/** The closed order with this id, as long as it is remembered. Lua twin: `closed_order`. */
export function closedOrder(state: FlowState, id: string, now: number): OrderRow | undefined {
  const closedAt = state.closedAt.get(id);
  return closedAt !== undefined && closedAt > now - CLOSED_MEMORY.window ? state.closedOrders.get(id) : undefined;
}

/** Forgets the closed order of an id that is used again. */
export function forgetClosed(state: FlowState, id: string): void {
  state.closedOrders.delete(id);
  state.closedAt.delete(id);
}

/** Stores an order by its status: among the pending or among the closed ones. */
export function writeOrder(state: FlowState, order: OrderRow, now: number): void {
  if (!isDone(order.status)) {
    state.orders.set(order.id, order);
    return;
  }
  forgetClosedOrders(state, now);
  state.orders.delete(order.id);
  state.closedOrders.set(order.id, order);
  if (state.closedAt.get(order.id) === undefined) state.closedAt.set(order.id, now);
}

function forgetClosedOrders(state: FlowState, now: number): void {
  for (let old = state.closedAt.oldest(); old; old = state.closedAt.oldest()) {
    if (old.score > now - CLOSED_MEMORY.window && state.closedAt.size < CLOSED_MEMORY.max) return;
    state.closedAt.delete(old.id);
    state.closedOrders.delete(old.id);
  }
}
