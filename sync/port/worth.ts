/** Whether the size of a position goes with what the exchange says that it is worth. */
import { baseOf, settleOf } from "../../src/words/pair-name.js";
import type { ExchangePosition } from "./exchange.js";

/** Prices move between mark, index and entry; a size that is read wrongly is off by a contract size, which is mostly ten or more. */
const SLACK = 1.5;

/**
 * Why a position's size cannot be what is told, in words; undefined where it can, or nothing says what it is worth. Some exchanges reckon the
 * worth at the entry price, and of an inverse contract some tell it in the currency in which its size is.
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
    `says ${notional}. Its size is read wrongly, by a factor such as the contract size: nothing is done on it. Look at \`checkExchange\``
  );
}
