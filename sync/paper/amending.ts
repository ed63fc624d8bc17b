/** Orders that are changed while they wait. */
import { decimalText, toDecimal } from "../../src/exact/decimal.js";
import { compare, subtract } from "../../src/exact/decimal-in-text.js";
import type { Book } from "./book.js";
import { match } from "./matching.js";
import type { PaperOrder } from "./paper-rows.js";
import { awaited, OrderRefusal, refusedSize, unaffordable } from "./placing.js";
import type { Rules } from "./rules.js";

export interface Amendment {
  readonly size?: number;
  readonly price?: number;
}

/** Gives an open order another size or price; what can be filled at once then is filled. A refused amendment changes nothing. */
export function amendOrder(state: Book, rules: Rules, order: PaperOrder, wish: Amendment): PaperOrder | OrderRefusal {
  const now = state.price(order.pair);
  if (now === undefined) return new OrderRefusal("rejected", `pair: ${order.pair} has no price`);
  const size = wish.size === undefined ? order.size : decimalText(toDecimal(wish.size));
  const price = wish.price ?? order.price;
  if (compare(size, order.filled) <= 0)
    return new OrderRefusal("rejected", `size: expected more than the ${order.filled} that are filled, got ${size}`);
  const left = subtract(size, order.filled);
  const waits = order.type === "stop" && price !== null ? awaited(price, now) : order.waits;
  const amended: PaperOrder = { ...order, size, price, waits };
  const refusal = refusedSize(state, rules, amended) ?? unaffordable(state, rules, { ...amended, size: left }, now);
  if (refusal) return refusal;
  state.setOrder(amended);
  match(state, rules, amended, now);
  return state.orderById(order.id) ?? amended;
}
