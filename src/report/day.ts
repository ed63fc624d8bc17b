import { fromMoney, type Money } from "../exact/money.js";
import { DAY_MS, dayEnd, dayOf } from "../state/day.js";
import type { DayParts, Trade } from "../types.js";
import { type Booking, moneyOf } from "./booking.js";
import type { BookedDay } from "./today.js";

/** A trading day that begins in the period. */
export interface Day {
  readonly day: string;
  readonly pnl: Money;
  /** Absent if the parts were not stored. */
  readonly parts?: DayParts;
}

/** The bookings of each day: from the day's history, else from the log, else from the ends of the trades. */
export interface DaySources {
  readonly days: readonly BookedDay[] | undefined;
  readonly bookings: readonly Booking[] | undefined;
  readonly trades: readonly Trade[];
  readonly dayStart: number;
}

/** The days that have bookings, in order. */
export function bookedDays({ days, bookings, trades, dayStart }: DaySources): Day[] {
  if (days) return inOrder(days.map(({ day, pnl, parts }) => ({ day, pnl: moneyOf(pnl), ...(parts && { parts }) })));
  const sums = new Map<string, Money>();
  const book = (day: string, amount: number) => sums.set(day, (sums.get(day) ?? 0n) + moneyOf(amount));
  if (bookings) for (const { day, amount, kind } of bookings) book(day, kind === "pnl" ? amount : 0);
  else for (const { exitTs, pnl } of trades) book(dayOf(exitTs.getTime(), dayStart), pnl);
  return inOrder([...sums].map(([day, pnl]) => ({ day, pnl })));
}

function inOrder(days: readonly Day[]): Day[] {
  return [...days].sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** The first ms of a day. */
export function dayBegin(day: string, dayStart: number): number {
  return dayEnd(day, dayStart) - DAY_MS;
}

/** The names of all days that begin in a period. */
export function daysIn(period: { readonly from: number; readonly to: number }, dayStart: number): string[] {
  const names: string[] = [];
  let at = dayBegin(dayOf(period.from, dayStart), dayStart);
  if (at < period.from) at += DAY_MS;
  for (; at < period.to; at += DAY_MS) names.push(dayOf(at, dayStart));
  return names;
}

/** The sum of several days' parts; undefined if one of them has none. */
export function partsOf(days: readonly Day[]): DayParts | undefined {
  const total = { closed: 0n, open: 0n, later: 0n, cash: 0n, untied: 0n };
  for (const { parts } of days) {
    if (!parts) return undefined;
    total.closed += moneyOf(parts.closed);
    total.open += moneyOf(parts.open);
    total.later += moneyOf(parts.later);
    total.cash += moneyOf(parts.cash);
    total.untied += moneyOf(parts.untied);
  }

  return {
    closed: fromMoney(total.closed),
    open: fromMoney(total.open),
    later: fromMoney(total.later),
    cash: fromMoney(total.cash),
    untied: fromMoney(total.untied),
  };
}
