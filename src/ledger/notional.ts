import { times } from "../exact/double.js";
import { baseOf, settleOf } from "../words/pair-name.js";

/** Size x price in quote currency. For an inverse contract the size itself is in quote currency. */
export function notionalOf(pair: string, size: number, price: number): number {
  const isInverse = settleOf(pair) !== "" && settleOf(pair) === baseOf(pair);
  return isInverse ? size : times(size, price);
}
