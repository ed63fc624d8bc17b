/** Compares the size of a position with the worth that the exchange tells. */
import { baseOf, settleOf } from "../../src/words/pair-name.js";
import type { ExchangePosition } from "./exchange.js";

/** Mark, index and entry price differ a little. A size that is read wrongly is off by a contract size, mostly a factor of ten or more. */
const SLACK = 1.5;

/**
 * Why a position's size contradicts its worth, in words; undefined if they agree or the exchange tells no worth. Some exchanges compute the worth at the
 * entry price, and some tell it for an inverse contract in the currency of its size.
 */
export function whyNotWorth(
  { pair, side, size, notional, markPrice, entryPrice }: ExchangePosition,
  inverse: boolean = settleOf(pair) === baseOf(pair),
): string | undefined {
  const prices = [markPrice ?? 0, entryPrice ?? 0].filter((price) => price > 0);
  if (notional === undefined || notional === 0 || size === 0 || prices.length === 0) return undefined;
  const worths = prices.flatMap((price) => (inverse ? [size / price, size] : [size * price]));
  if (worths.some((worth) => notional <= worth * SLACK && notional >= worth / SLACK)) return undefined;
  const [price = 0] = prices;
  return (
    `the ${side} position of ${pair} does not fit: a size of ${size} at ${price} is worth ${inverse ? size / price : size * price}, and it ` +
    `says ${notional}. Its size is read wrongly, by a factor such as the contract size: nothing is done on it. See \`checkExchange\``
  );
}
