import { type Decimal, divideDecimal, multiplyDecimal, subtractDecimal, toDecimal, toNumber } from "./decimal.js";
import { minus } from "./double.js";
import { PLACES } from "./money.js";

/** Two different decimals with this many digits never read back as the same double. */
const DOUBLE_DIGITS = 15;

/** One part of something that is divided part by part: it takes `taken` of the `left` that earlier parts left of the `whole`. */
export interface Part {
  readonly taken: number;
  readonly left: number;
  readonly whole: number;
}

/** A part's share of an amount, to 8 places; the last part gets the rest. The parts add up to the amount: exactly, if it has at most 15 digits. */
export function share(amount: number, { taken, left, whole }: Part): number {
  if (taken === whole) return amount;
  return toNumber(subtractDecimal(fallen(amount, minus(left, taken), whole), fallen(amount, left, whole)));
}

/** The sum of the shares after which `left` of the whole remains. */
function fallen(amount: number, left: number, whole: number): Decimal {
  const exact = toDecimal(amount);
  if (left === 0) return exact;
  const taken = subtractDecimal(toDecimal(whole), toDecimal(left));
  return divideDecimal(multiplyDecimal(exact, taken), toDecimal(whole), placesOf(amount));
}

/** A large amount gets fewer places, so that a double can hold each part. */
function placesOf(amount: number): number {
  const wholeDigits = Math.ceil(Math.log10(Math.abs(amount) + 1));
  return Math.min(PLACES, Math.max(0, DOUBLE_DIGITS - wholeDigits));
}
