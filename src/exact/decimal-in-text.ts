/** Exact arithmetic on amounts that are plain decimals in text, `-12.5`. */
import { addDecimal, compareDecimal, decimalText, parseDecimal, subtractDecimal } from "./decimal.js";

export function add(a: string, b: string): string {
  return decimalText(addDecimal(parseDecimal(a), parseDecimal(b)));
}

export function subtract(a: string, b: string): string {
  return decimalText(subtractDecimal(parseDecimal(a), parseDecimal(b)));
}

/** Below zero: a is less than b. */
export function compare(a: string, b: string): number {
  return compareDecimal(parseDecimal(a), parseDecimal(b));
}

export function smaller(a: string, b: string): string {
  return compare(a, b) <= 0 ? a : b;
}
