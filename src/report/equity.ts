/** The equity of a report: its start, and every step from there. */
import { divideDecimal, multiplyDecimal } from "../exact/decimal.js";
import { decimalOf, type Money, roundDecimal } from "../exact/money.js";
import { dayEnd } from "../state/day.js";
import { type Booking, moneyOf } from "./booking.js";
import { type Day, dayBegin } from "./day.js";

/** One change of the equity. */
export interface Step {
  readonly at: number;
  readonly day: string;
  readonly amount: Money;
  readonly isTransfer: boolean;
}

/**
 * The steps of some days, in their order. For the part of a day that the log does not tell, there is one step at the day's beginning or, if the log tells
 * nothing of the day, at its end.
 */
export function stepsOf(
  days: readonly Day[],
  bookings: readonly Booking[],
  dayStart: number,
  until: number,
): { readonly steps: Step[]; readonly unlogged: Money } {
  const told = new Map<string, Step[]>();
  for (const { at, day, amount, kind } of bookings) {
    const step = { at: at.getTime(), day, amount: moneyOf(amount), isTransfer: kind === "transfer" };
    if (step.amount === 0n) continue;
    const ofDay = told.get(day);
    if (ofDay) ofDay.push(step);
    else told.set(day, [step]);
  }
  const steps: Step[] = [];
  let unlogged = 0n;
  for (const { day, pnl } of days) {
    const logged = told.get(day) ?? [];
    const rest = pnl - logged.reduce((total, { amount, isTransfer }) => (isTransfer ? total : total + amount), 0n);
    if (rest !== 0n) {
      const at = logged.length > 0 ? dayBegin(day, dayStart) : Math.min(until, dayEnd(day, dayStart) - 1);
      steps.push({ at, day, amount: rest, isTransfer: false });
      unlogged += rest;
    }
    for (const step of logged) steps.push(step);
  }
  return { steps, unlogged };
}

/**
 * The equity before the first day of a report, computed from any event that told it: bookings until then on days of the report are subtracted, and later
 * bookings on days before it are added. `unlogged`: what the log has forgotten of the report's days. Undefined if no event told the equity.
 */
export function equityBefore(first: string, bookings: readonly Booking[], unlogged: Money): Money | undefined {
  const before = bookings.findLastIndex(({ equity, day }) => equity !== undefined && day < first);
  const at = before === -1 ? bookings.findIndex(({ equity }) => equity !== undefined) : before;
  const anchor = bookings[at]?.equity;
  if (anchor === undefined) return undefined;
  let start = moneyOf(anchor) - (before === -1 ? unlogged : 0n);
  for (const [place, { day, amount }] of bookings.entries()) {
    if (place <= at && day >= first) start -= moneyOf(amount);
    if (place > at && day < first) start += moneyOf(amount);
  }
  return start;
}

/** The deepest fall of an equity, and how long the equity was below a peak. */
export interface Drawdown {
  readonly amount: Money;
  /** The deepest fall as a fraction of its own peak; undefined if that is not above 0. */
  readonly share: number | undefined;
  readonly largestShare: number | undefined;
  readonly peakAt: number;
  readonly troughAt: number;
  /** When the equity reached that peak again; undefined: not within the period. */
  readonly recoveredAt: number | undefined;
  readonly longestUnderWater: number;
}

/** Deposits and withdrawals move the peak in proportion, so that they make no drawdown. */
export function drawdownOf(start: Money, steps: readonly Step[], from: number, until: number): Drawdown {
  let equity = start;
  let peak = start;
  let peakAt = from;
  let longest = 0;
  let largestShare: number | undefined = start > 0n ? 0 : undefined;
  let deepest: { amount: Money; peak: Money; peakAt: number; troughAt: number; recoveredAt?: number } = {
    amount: 0n,
    peak,
    peakAt,
    troughAt: from,
  };
  let isOpen = false;
  for (const { at, amount, isTransfer } of steps) {
    const before = equity;
    equity += amount;
    if (isTransfer) {
      peak = before > 0n && equity > 0n ? inProportion(peak, equity, before) : equity;
      continue;
    }
    if (equity >= peak) {
      longest = Math.max(longest, before < peak ? at - peakAt : 0);
      if (isOpen) deepest = { ...deepest, recoveredAt: at };
      isOpen = false;
      peak = equity;
      peakAt = at;
      continue;
    }
    const fall = peak - equity;
    if (peak > 0n) largestShare = Math.max(largestShare ?? 0, Number(fall) / Number(peak));
    if (fall > deepest.amount) {
      deepest = { amount: fall, peak, peakAt, troughAt: at };
      isOpen = true;
    }
  }
  if (equity < peak) longest = Math.max(longest, until - peakAt);
  return {
    amount: deepest.amount,
    share: deepest.peak > 0n ? Number(deepest.amount) / Number(deepest.peak) : undefined,
    largestShare,
    peakAt: deepest.peakAt,
    troughAt: deepest.troughAt,
    recoveredAt: deepest.amount === 0n ? from : deepest.recoveredAt,
    longestUnderWater: longest,
  };
}

function inProportion(peak: Money, after: Money, before: Money): Money {
  return roundDecimal(divideDecimal(multiplyDecimal(decimalOf(peak), decimalOf(after)), decimalOf(before), 20));
}
