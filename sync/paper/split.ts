import { type Decimal, decimalText, parseDecimal, toDecimal } from "../../src/exact/decimal.js";
import { stepsIn, timesStep } from "../../src/exact/step.js";
import { chance } from "./chance.js";
import { type Rules, stepOf } from "./rules.js";

const MAX_PIECES = 4;

/** The sizes of the executions that fill an order: at least one, all above zero, with the sum `size`. */
export function piecesOf(rules: Rules, pair: string, size: string, occasion: string): string[] {
  if (rules.fills === "whole") return [size];
  const unit = unitOf(rules, pair, size);
  const units = countOf(size, unit);
  if (units === undefined) return [size];
  const wanted = 2 + Math.floor(chance(rules.seed, "pieces", occasion) * (MAX_PIECES - 1));
  const cuts = new Set<bigint>();
  for (let i = 1; i < wanted; i++) {
    const cut = fractionOf(units, chance(rules.seed, "cut", occasion, i));
    if (cut > 0n && cut < units) cuts.add(cut);
  }
  const ends = [...cuts, units].sort((a, b) => (a < b ? -1 : 1));
  return ends.map((end, i) => decimalText(timesStep(end - (ends[i - 1] ?? 0n), unit)));
}

/** How much of an order is filled when the price only touches its limit: a part, or all if it cannot be divided. */
export function touchedPart(rules: Rules, pair: string, size: string, occasion: string): string {
  if (rules.fills === "whole") return size;
  const unit = unitOf(rules, pair, size);
  const units = countOf(size, unit);
  if (units === undefined || units < 2n) return size;
  const part = fractionOf(units, chance(rules.seed, "touch", occasion));
  return decimalText(timesStep(part === 0n ? 1n : part, unit));
}

/** The unit of executions: the step, or a part of the size that leaves at least a hundred units. */
function unitOf(rules: Rules, pair: string, size: string): Decimal {
  const step = stepOf(rules, pair);
  if (step > 0) return toDecimal(step);
  const { digits, scale } = parseDecimal(size);
  return { digits: 1n, scale: digits >= 100n ? scale : scale + 2 };
}

/** How many units a size has; undefined when it is not a whole number of them. */
function countOf(size: string, unit: Decimal): bigint | undefined {
  const { count, even } = stepsIn(parseDecimal(size), unit);
  return even ? count : undefined;
}

/** A fraction of the units, in whole ones. */
function fractionOf(units: bigint, fraction: number): bigint {
  return (units * BigInt(Math.floor(fraction * 2 ** 32))) / 2n ** 32n;
}
