import { type Decimal, divideDecimal, multiplyDecimal, subtractDecimal, toDecimal, toNumber } from "./decimal.js";
import { minus } from "./double.js";
import { PLACES } from "./money.js";

/** Two decimals of so many digits never read back as the same double. */
const DOUBLE_DIGITS = 15;

/** A part of something that is split part by part: `taken` of the `left` that no earlier part took of the `whole`. */
export interface Part {
  readonly taken: number;
  readonly left: number;
  readonly whole: number;
}

/**
 * What of an amount falls to a part, to 8 places; the last part gets the rest. The parts add up to the amount: exactly, if it has
 * at most 15 digits.
 */
export function share(amount: number, { taken, left, whole }: Part): number {
  if (taken === whole) return amount;
  return toNumber(subtractDecimal(fallen(amount, minus(left, taken), whole), fallen(amount, left, whole)));
}

/** What has fallen to the parts that leave so much of the whole. */
function fallen(amount: number, left: number, whole: number): Decimal {
  const exact = toDecimal(amount);
  if (left === 0) return exact;
  const taken = subtractDecimal(toDecimal(whole), toDecimal(left));
  return divideDecimal(multiplyDecimal(exact, taken), toDecimal(whole), placesOf(amount));
}

/** Fewer places for a large amount, so that a part is a decimal that a double holds. */
function placesOf(amount: number): number {
  const wholeDigits = Math.ceil(Math.log10(Math.abs(amount) + 1));
  return Math.min(PLACES, Math.max(0, DOUBLE_DIGITS - wholeDigits));
}
