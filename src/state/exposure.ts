/**
 * What open positions and pending entries take together: money at work, slots, slots by pair. Kept as running sums so that an
 * admission costs the same with ten positions and with ten thousand. Lua twins:
 * `lua/shared/exposure.lua`, `lua/shared/notional.lua`.
 */
import type { Money } from "../exact/money.js";
import { addWhole, multiplyWhole } from "../exact/whole.js";
import type { OrderRow } from "../records/order.js";
import type { PositionRow } from "../records/position.js";
import { isDone } from "./order-status.js";

/** No single position counts for more than 9e12 quote units, so that sums stay exact; limits end there too. */
const MAX_NOTIONAL = 9e12;

/** size x price in quote units, rounded to 8 places; an entry without a price takes nothing. */
export function notionalOf(size: number, price: number | null): Money {
  if (price === null) return 0n;
  const product = Math.min(Math.abs(size * price), MAX_NOTIONAL);
  const whole = Math.floor(product);
  return BigInt(addWhole(multiplyWhole(whole, 1e8), Math.floor((product - whole) * 1e8 + 0.5)));
}

/** The money that the unfilled rest of an order may still put to work. */
export function orderNotional(order: Pick<OrderRow, "intent" | "status" | "size" | "filled" | "price">): Money {
  return order.intent === "entry" && !isDone(order.status)
    ? notionalOf(Math.max(order.size - order.filled, 0), order.price)
    : 0n;
}

/** An entry that has no position yet takes a slot of its own. */
function orderSlots(order: OrderRow): number {
  return order.intent === "entry" && order.position_id === null ? 1 : 0;
}

export class Exposure {
  notional: Money = 0n;
  slots = 0;
  readonly slotsByPair = new Map<string, number>();

  readonly watchPosition = (before: PositionRow | undefined, after: PositionRow | undefined): void => {
    if (before) this.#add(before.pair, -before.notional, -1);
    if (after) this.#add(after.pair, after.notional, 1);
  };

  readonly watchOrder = (before: OrderRow | undefined, after: OrderRow | undefined): void => {
    if (before) this.#add(before.pair, -before.notional, -orderSlots(before));
    if (after) this.#add(after.pair, after.notional, orderSlots(after));
  };

  #add(pair: string, notional: Money, slots: number): void {
    this.notional += notional;
    if (slots === 0) return;
    this.slots += slots;
    const inPair = (this.slotsByPair.get(pair) ?? 0) + slots;
    if (inPair === 0) this.slotsByPair.delete(pair);
    else this.slotsByPair.set(pair, inPair);
  }
}
