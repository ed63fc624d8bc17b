/** What the exchange still remembers of its past. */
import type { PaperFill, PaperOrder } from "./paper-rows.js";
import type { Rules } from "./rules.js";

/** Whether an order has been over for so long that the exchange does not know it any more. */
export function isForgotten({ remembersOrders }: Rules, order: PaperOrder, now: number): boolean {
  if (remembersOrders === null || order.status === "open") return false;
  return now - (order.endedAt ?? order.createdAt) >= remembersOrders;
}

/** The fills of a pair since a time that the exchange still lists, oldest first. */
export function listedFills({ remembersFills }: Rules, fills: readonly PaperFill[], since: number, now: number) {
  const from = remembersFills === null ? since : Math.max(since, now - remembersFills);
  let first = fills.length;
  while (first > 0 && (fills[first - 1]?.at ?? 0) >= from) first--;
  return fills.slice(first);
}
