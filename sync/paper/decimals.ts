/** Exact arithmetic on amounts as rows hold them. */
import { addDecimal, type Decimal, decimalText, negateDecimal, parseDecimal } from "../../src/exact/decimal.js";
import { formatMoney, roundDecimal } from "../../src/exact/money.js";

export function add(a: string, b: string): string {
  return decimalText(addDecimal(parseDecimal(a), parseDecimal(b)));
}

export function subtract(a: string, b: string): string {
  return decimalText(addDecimal(parseDecimal(a), negateDecimal(parseDecimal(b))));
}

/** Below zero: a is less than b. */
export function compare(a: string, b: string): number {
  const { digits } = addDecimal(parseDecimal(a), negateDecimal(parseDecimal(b)));
  return digits < 0n ? -1 : digits > 0n ? 1 : 0;
}

export function smaller(a: string, b: string): string {
  return compare(a, b) <= 0 ? a : b;
}

/** To 8 places, half away from zero: as money is booked. */
export function rounded(amount: Decimal): string {
  return formatMoney(roundDecimal(amount));
}
