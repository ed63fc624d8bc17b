/** Which status of an order may follow which. Lua twin: `lua/shared/order_status.lua`. */
import { InvalidArgumentError } from "../errors.js";
import { sameSize } from "../exact/size.js";
import type { OrderStatus } from "../types.js";

const NEXT: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  intent: ["submitted", "open", "partially_filled", "filled", "cancelled", "rejected", "unknown"],
  submitted: ["open", "partially_filled", "filled", "cancelled", "rejected", "unknown"],
  open: ["partially_filled", "filled", "cancelled", "rejected", "unknown"],
  partially_filled: ["filled", "cancelled", "unknown"],
  unknown: ["submitted", "open", "partially_filled", "filled", "cancelled", "rejected"],
  filled: [],
  cancelled: [],
  rejected: [],
};

/** Whether an order with this status is over. */
export function isDone(status: OrderStatus): boolean {
  return NEXT[status].length === 0;
}

/** Throws an error that names both statuses if an order may not go from one to the other. */
export function checkTransition(id: string, from: OrderStatus, to: OrderStatus): void {
  if (from === to || NEXT[from].includes(to)) return;
  throw new InvalidArgumentError(`status: order ${id} is ${from}, it cannot become ${to}`);
}

/** A fill proves that an order has arrived, whatever its pending status says. A wholly filled order is `filled`. */
export function settledStatus(status: OrderStatus, filled: number, size: number): OrderStatus {
  if (filled === 0 || isDone(status)) return status;
  return filled > size || sameSize(filled, size) ? "filled" : "partially_filled";
}
