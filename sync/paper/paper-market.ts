/** What a pair's name says of its market, and how its sizes are turned into money. */
import { averagePrice } from "../../src/exact/average-price.js";
import { type Decimal, multiplyDecimal, parseDecimal, toDecimal, toNumber } from "../../src/exact/decimal.js";
import { quotient } from "../../src/exact/kept.js";
import { type Market, readMarket } from "../../src/words/pair-name.js";

/** The dollars that count as one when a contract is counted in one and settles in another. */
const DOLLAR = /^USD[CT]?$/;

/** The market of a pair; in place of one that is not traded here, what is wrong with it. */
export function paperMarket(pair: string): Market | string {
  return readMarket(pair, (a, b) => a === b || (DOLLAR.test(a) && DOLLAR.test(b)));
}

export function isInverse(pair: string): boolean {
  const market = paperMarket(pair);
  return typeof market !== "string" && market.inverse;
}

/** In what the pair settles in: size x price; of an inverse contract, whose size is counted in its quote, size / price. */
export function worth(pair: string, size: string, price: number): Decimal {
  const [amount, at] = [parseDecimal(size), toDecimal(price)];
  if (!isInverse(pair)) return multiplyDecimal(amount, at);
  const value = quotient(amount, at);
  if (!value) throw new RangeError(`${size} / ${price} of ${pair} has more than 38 digits`);
  return value;
}

/** The price at which so much is worth that; of an inverse contract the harmonic average. */
export function priceOf(pair: string, value: Decimal, size: string): number {
  if (!isInverse(pair)) return averagePrice(value, Number(size));
  const price = quotient(parseDecimal(size), value);
  if (!price) throw new RangeError(`the price of ${size} of ${pair} has more than 38 digits`);
  return toNumber(price);
}
