/** An order that somebody changed at the exchange. */
import { same } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { PendingOrder } from "../../src/types.js";
import type { ExchangeOrder } from "../port/exchange.js";
import type { OrderTerms } from "./action.js";

/** What it asks for now; undefined where that is what state says. */
export function amended(order: PendingOrder, known: ExchangeOrder, tolerance: number): OrderTerms | undefined {
  const { size: was, price: priceWas } = order;
  // A market order's price is what it was filled at, or nothing; and an order that is over is done with its price.
  const isPriced = priceWas !== null && known.price !== null && known.status === "open";
  const price = isPriced && known.price !== null && !same(known.price, priceWas, tolerance) ? known.price : priceWas;
  const size = isResized(order, known, tolerance) ? known.size : was;
  return size === was && price === priceWas ? undefined : { size, price };
}

function isResized(order: PendingOrder, known: ExchangeOrder, tolerance: number): boolean {
  // A stop that closes whatever is there has no size of its own, and of what was cancelled some tell only what was filled.
  if (!(known.size > 0) || same(known.size, order.size, tolerance)) return false;
  if (exceeds(known.filled, known.size) || exceeds(order.filled, known.size)) return false;
  return known.status === "open" || known.status === "filled" || known.size > order.size;
}
