/** Spot has no positions: the balance of a pair's base coin counts as one. */
import type { ExchangePosition } from "../port/exchange.js";
import { isRow, numberOf, Unreadable } from "./language/row.js";
import type { Market } from "./market.js";

/**
 * The balances of the pairs as long positions; entry prices are not known. A coin that the answer leaves out is not held. A negative total (borrowed on
 * margin) cannot be a position: an Unreadable.
 */
export function readHoldings(balance: unknown, markets: readonly Market[]): ExchangePosition[] {
  if (!isRow(balance) || !isRow(balance.total)) throw new Unreadable("the balance has no totals");
  const held: ExchangePosition[] = [];
  for (const { pair, base } of markets) {
    const size = numberOf(balance.total, base) ?? 0;
    if (size < 0) throw new Unreadable(`the balance of ${base} is ${size}: a debt cannot be told as a spot position`);
    if (size > 0) held.push({ pair, side: "long", size });
  }
  return held;
}
