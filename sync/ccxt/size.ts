/** Contracts and base currency, exactly: 3 contracts of 0.1 are 0.3. */
import {
  addDecimal,
  type Decimal,
  multiplyDecimal,
  negateDecimal,
  toDecimal,
  toNumber,
} from "../../src/exact/decimal.js";

/** Enough places for any amount when the exchange does not say its step. */
const FREE_STEP: Decimal = { digits: 1n, scale: 18 };

export function timesExact(a: number, b: number): number {
  return toNumber(multiplyDecimal(toDecimal(a), toDecimal(b)));
}

export function plusExact(a: number, b: number): number {
  return toNumber(addDecimal(toDecimal(a), toDecimal(b)));
}

export function minusExact(a: number, b: number): number {
  return toNumber(addDecimal(toDecimal(a), negateDecimal(toDecimal(b))));
}

/** The largest whole number of steps whose size is not above `size`, in contracts and in base currency. */
export function wholeSteps(
  size: number,
  { contractSize, step }: { readonly contractSize: number; readonly step?: number },
): { readonly contracts: number; readonly size: number } {
  const stepExact = step === undefined ? FREE_STEP : toDecimal(step);
  const unit = multiplyDecimal(stepExact, toDecimal(contractSize));
  const exact = toDecimal(size);
  const scale = Math.max(unit.scale, exact.scale);
  const steps = rescaled(exact, scale) / rescaled(unit, scale);
  const whole = { digits: steps, scale: 0 };
  return { contracts: toNumber(multiplyDecimal(whole, stepExact)), size: toNumber(multiplyDecimal(whole, unit)) };
}

function rescaled({ digits, scale }: Decimal, to: number): bigint {
  return BigInt(digits) * 10n ** BigInt(to - scale);
}
