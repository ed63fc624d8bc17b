/** Exact arithmetic on sizes and money that come as doubles: 0.1 + 0.2 is 0.3, three contracts of 0.1 are 0.3. */
import { addDecimal, divideDecimal, multiplyDecimal, subtractDecimal, toDecimal, toNumber } from "./decimal.js";

export function plus(...amounts: readonly number[]): number {
  return toNumber(amounts.map(toDecimal).reduce(addDecimal, toDecimal(0)));
}

export function minus(from: number, amount: number): number {
  return toNumber(subtractDecimal(toDecimal(from), toDecimal(amount)));
}

export function times(a: number, b: number): number {
  return toNumber(multiplyDecimal(toDecimal(a), toDecimal(b)));
}

/** Places of a quotient: more digits than a double has, however small the size. */
const QUOTIENT_PLACES = 40;

export function divide(a: number, b: number): number {
  return toNumber(divideDecimal(toDecimal(a), toDecimal(b), QUOTIENT_PLACES));
}

/** Whether two sizes are the same apart from errors of rounding to doubles. */
export function same(a: number, b: number, tolerance: number): boolean {
  return Math.abs(minus(a, b)) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}
