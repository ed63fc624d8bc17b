/** The market of a pair, by its name, and how its sizes are turned into money. */
import { averagePrice } from "../../src/exact/average-price.js";
import { type Decimal, multiplyDecimal, parseDecimal, toDecimal, toNumber } from "../../src/exact/decimal.js";
import { quotient } from "../../src/exact/kept.js";
import { type Market, readMarket } from "../../src/words/pair-name.js";

/** Dollars that count as one, for a contract that is counted in one and settles in another. */
const DOLLAR = /^USD[CT]?$/;

/** The market of a pair; for a pair that is not traded here, the reason. */
export function paperMarket(pair: string): Market | string {
  return readMarket(pair, (a, b) => a === b || (DOLLAR.test(a) && DOLLAR.test(b)));
}

export function isInverse(pair: string): boolean {
  const market = paperMarket(pair);
  return typeof market !== "string" && market.inverse;
}

/** The worth in the pair's settle currency: size x price, or size / price for an inverse contract, whose size is in its quote. */
export function worth(pair: string, size: string, price: number): Decimal {
  const [amount, at] = [parseDecimal(size), toDecimal(price)];
  if (!isInverse(pair)) return multiplyDecimal(amount, at);
  const value = quotient(amount, at);
  if (!value) throw new RangeError(`${size} / ${price} of ${pair} has more than 38 digits`);
  return value;
}

/** The price at which the size has this value; for an inverse contract the harmonic average. */
export function priceOf(pair: string, value: Decimal, size: string): number {
  if (!isInverse(pair)) return averagePrice(value, Number(size));
  const price = quotient(parseDecimal(size), value);
  if (!price) throw new RangeError(`the price of ${size} of ${pair} has more than 38 digits`);
  return toNumber(price);
}
