/** Durations as people write them, and the milliseconds they mean. */

import ms from "ms";
import type { BreakerEnd } from "../words/word-lists.js";

export const DURATION_UNITS = ["ms", "s", "m", "h", "d"] as const;

export type DurationUnit = (typeof DURATION_UNITS)[number];

/** A length of time: a whole number of milliseconds, or `"500ms"`, `"30s"`, `"5m"`, `"1.5h"`, `"7d"`. */
export type Duration = number | `${number}${DurationUnit}`;

/** How long a tripped breaker lasts: ms, until the end of the trading day, or until somebody resets it. */
export type BreakerDuration = number | BreakerEnd;

/** The longest duration there is, in ms: 36,525 days, a hundred years. */
export const MAX_DURATION = ms("36525d");

const WRITTEN = /^\d{1,15}(?:\.\d{1,15})?(?:ms|s|m|h|d)$/;

/**
 * The duration in ms, a whole number from 0 to `MAX_DURATION`; undefined if `value` is no duration. As text it has a unit, no sign and no spaces; it may
 * have decimals if the result is whole milliseconds.
 */
export function parseDuration(value: unknown): number | undefined {
  const exact = typeof value === "number" ? value : isWritten(value) ? ms(value) : Number.NaN;
  const whole = typeof value === "number" ? exact : withoutFloatNoise(exact);
  if (!Number.isInteger(whole) || whole < 0 || whole > MAX_DURATION) return undefined;
  return whole + 0; // -0 is 0
}

function isWritten(value: unknown): value is `${number}${DurationUnit}` {
  return typeof value === "string" && WRITTEN.test(value);
}

/** 1.001 x 1000 is 1000.9999999999999 in doubles; 1001 was meant. */
function withoutFloatNoise(product: number): number {
  const whole = Math.round(product);
  return Math.abs(product - whole) <= 4 * Number.EPSILON * product ? whole : product;
}
