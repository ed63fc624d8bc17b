/** Whole numbers of any size: a number as long as it is exact, a bigint beyond 2^53. Nearly all values fit a number. */
export type Whole = number | bigint;

/** Powers of ten, each of them exact. */
const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15] as const;

/** 10^`exponent`, when it is at most 10^15. */
export function smallPower(exponent: number): number | undefined {
  return POWERS[exponent];
}

/** Reads digits, with or without a minus. */
export function parseWhole(text: string): Whole {
  const near = Number(text);
  return Number.isSafeInteger(near) ? near + 0 : BigInt(text);
}

// If a double had to round a sum or product, it is 2^53 or more, and so not safe.

export function addWhole(a: Whole, b: Whole): Whole {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return BigInt(a) + BigInt(b);
}

export function multiplyWhole(a: Whole, b: Whole): Whole {
  if (typeof a === "number" && typeof b === "number") {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product + 0; // -0 is 0
  }
  return BigInt(a) * BigInt(b);
}

export function negateWhole(a: Whole): Whole {
  return typeof a === "number" ? 0 - a : -a;
}

/** a x 10^`places`. */
export function shifted(a: Whole, places: number): Whole {
  if (places === 0) return a;
  return multiplyWhole(a, smallPower(places) ?? 10n ** BigInt(places));
}

/** dividend / divisor, half away from zero. The divisor is above zero. */
export function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const size = dividend < 0n ? -dividend : dividend;
  const rounded = (size * 2n + divisor) / (divisor * 2n);
  return dividend < 0n ? -rounded : rounded;
}
