import { addDecimal, type Decimal, multiplyDecimal, subtractDecimal, toDecimal, toNumber } from "./decimal.js";

/** The double next to cost / size: the quotient of the two doubles, mended by what it misses of the exact cost. */
export function averagePrice(cost: Decimal, size: number): number {
  const near = toNumber(cost) / size;
  if (!Number.isFinite(near) || !Number.isFinite(size)) return near;
  const missed = subtractDecimal(cost, multiplyDecimal(toDecimal(near), toDecimal(size)));
  const mend = toNumber(missed) / size;
  return toNumber(addDecimal(toDecimal(near), toDecimal(mend)));
}
