/** The accountant's arithmetic: plain big.js, and the one place where money is rounded. */

import { Big } from "big.js";

/** A constructor of our own, so that its settings touch nobody else's. Quotients are cut, then rounded once. */
const Decimal = Big();
Decimal.RM = Decimal.roundDown;

/** money.md 3: at least so many decimal places, and at least so many significant digits. */
const PLACES = 20;
const DIGITS = 34;
/** 38 digits with 20 of them behind the point leave 18 before it. */
const WHOLE_DIGITS = 18;
const BOOKED_PLACES = 8;
const NEXT_DOUBLE_DIGITS = 60;
const SAME = "1e-9";

/** A number means the shortest decimal that reads back as it. */
export function exact(value: number | string | Big): Big {
  return new Decimal(typeof value === "number" ? String(value) : value);
}

export const ZERO = exact(0);
export const ONE = exact(1);

/** Thrown where an amount needs more than 38 digits. */
export class TooManyDigits extends Error {}

/** Rounds what a position keeps: 20 places or 34 digits, whichever is finer, half away from zero. */
export function kept(value: Big): Big {
  if (value.eq(ZERO)) return ZERO;
  const rounded = value.round(placesOf(value.e), Decimal.roundHalfUp);
  if (rounded.e >= WHOLE_DIGITS) throw new TooManyDigits(rounded.toFixed());
  return rounded;
}

function placesOf(exponent: number): number {
  return Math.max(PLACES, DIGITS - 1 - exponent);
}

export function product(a: Big, b: Big): Big {
  return kept(a.times(b));
}

export function quotient(a: Big, b: Big): Big {
  return kept(cutQuotient(a, b, placesOf(a.e - b.e) + 2));
}

/** Cutting keeps the side of a half on which the true quotient lies, so one rounding afterwards is exact. */
function cutQuotient(a: Big, b: Big, places: number): Big {
  const before = Decimal.DP;
  Decimal.DP = Math.max(0, places);
  try {
    return a.div(b);
  } finally {
    Decimal.DP = before;
  }
}

/** Rounds what is booked: 8 places, half away from zero. */
export function booked(value: Big): Big {
  return value.round(BOOKED_PLACES, Decimal.roundHalfUp);
}

/** The double next to a / b. */
export function doubleOf(a: Big, b: Big = ONE): number {
  if (a.eq(ZERO)) return 0;
  const cut = cutQuotient(a, b, Math.max(0, NEXT_DOUBLE_DIGITS - (a.e - b.e)));
  // A digit behind the cut tells a quotient apart from the half between two doubles.
  const rest = cut.times(b).eq(a) ? "" : "1";
  const text = cut.toFixed();
  return Number(rest === "" ? text : `${text}${text.includes(".") ? "" : "."}${rest}`);
}

/** Sizes are doubles: a sum is the double next to the sum of the two decimals. */
export function sizeSum(a: number, b: number): number {
  return doubleOf(exact(a).plus(exact(b)));
}

/** Sizes within a relative 1e-9 of the larger one are equal. */
export function sameSize(a: number, b: number): boolean {
  const [x, y] = [exact(a), exact(b)];
  const larger = x.abs().gt(y.abs()) ? x.abs() : y.abs();
  return x.minus(y).abs().lte(larger.times(SAME));
}

/** Parts of an amount by size, each rounded to 8 places; the last takes the rest. */
export function split(amount: Big, sizes: readonly number[]): Big[] {
  const total = sizes.reduce((sum, size) => sum.plus(exact(size)), ZERO);
  let left = amount;
  return sizes.map((size, index) => {
    if (index === sizes.length - 1) return left;
    const part = booked(quotient(amount.times(exact(size)), total));
    left = left.minus(part);
    return part;
  });
}

/** Decimal text without an exponent; what is shown of money is rounded to 8 places. */
export function text(value: Big): string {
  const shown = value.toFixed();
  return /^-0(\.0*)?$/.test(shown) ? "0" : shown;
}

export function money(value: Big): string {
  return text(booked(value));
}

export type { Big };
