/** Exact arithmetic on sizes and money that come as doubles: 0.1 + 0.2 is 0.3. */
import {
  addDecimal,
  type Decimal,
  decimalText,
  multiplyDecimal,
  negateDecimal,
  toDecimal,
} from "../src/exact/decimal.js";
import { formatMoney, roundDecimal } from "../src/exact/money.js";

export function plus(...amounts: readonly number[]): number {
  return double(amounts.map(toDecimal).reduce(addDecimal, toDecimal(0)));
}

export function minus(from: number, amount: number): number {
  return double(addDecimal(toDecimal(from), negateDecimal(toDecimal(amount))));
}

/** What of an amount of money falls to `part` of `whole`, to 8 places. */
export function share(amount: number, part: number, whole: number): number {
  if (part === whole) return amount;
  return Number(formatMoney(roundDecimal(multiplyDecimal(toDecimal(amount), toDecimal(part / whole)))));
}

/** Whether two sizes are the same, but for what their rounding to doubles may have cost. */
export function same(a: number, b: number, tolerance: number): boolean {
  return Math.abs(minus(a, b)) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}

function double(decimal: Decimal): number {
  return Number(decimalText(decimal));
}
