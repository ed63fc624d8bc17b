import { addDecimal, type Decimal, multiplyDecimal, subtractDecimal, toDecimal, toNumber } from "./decimal.js";

/** The double nearest to cost / size: the quotient of the two doubles, corrected by its error. */
export function averagePrice(cost: Decimal, size: number): number {
  const near = toNumber(cost) / size;
  if (!Number.isFinite(near) || !Number.isFinite(size)) return near;
  const missed = subtractDecimal(cost, multiplyDecimal(toDecimal(near), toDecimal(size)));
  const mend = toNumber(missed) / size;
  return toNumber(addDecimal(toDecimal(near), toDecimal(mend)));
}
