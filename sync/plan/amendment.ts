/** An order that somebody changed at the exchange. */
import { same } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { PendingOrder } from "../../src/types.js";
import type { ExchangeOrder } from "../port/exchange.js";
import type { OrderTerms } from "./action.js";

/** The size and price that the order has now at the exchange; undefined if they are those in state. */
export function amended(order: PendingOrder, known: ExchangeOrder, tolerance: number): OrderTerms | undefined {
  const { size: was, price: priceWas } = order;
  // The price of a market order is its fill price, or absent. The price of an order that is over does not matter any more.
  const isPriced = priceWas !== null && known.price !== null && known.status === "open";
  const price = isPriced && known.price !== null && !same(known.price, priceWas, tolerance) ? known.price : priceWas;
  const size = isResized(order, known, tolerance) ? known.size : was;
  return size === was && price === priceWas ? undefined : { size, price };
}

function isResized(order: PendingOrder, known: ExchangeOrder, tolerance: number): boolean {
  // A stop that closes the whole position has no size of its own, and some exchanges tell only the filled size of a cancelled order.
  if (!(known.size > 0) || same(known.size, order.size, tolerance)) return false;
  if (exceeds(known.filled, known.size) || exceeds(order.filled, known.size)) return false;
  return known.status === "open" || known.status === "filled" || known.size > order.size;
}
