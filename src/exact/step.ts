/** Sizes as multiples of a step. */
import { type Decimal, multiplyDecimal, unitsOf } from "./decimal.js";

/** How many whole steps are in a size, and whether there is nothing over. The step is above zero. */
export function stepsIn(size: Decimal, step: Decimal): { readonly count: bigint; readonly even: boolean } {
  const scale = Math.max(size.scale, step.scale);
  const all = unitsOf(size, scale);
  const one = unitsOf(step, scale);
  return { count: all / one, even: all % one === 0n };
}

export function timesStep(count: bigint, step: Decimal): Decimal {
  return multiplyDecimal({ digits: count, scale: 0 }, step);
}
