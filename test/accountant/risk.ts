/** Days, streak, equity and breaker (money.md 7 and 8), on the books. */

import type { Part } from "./account-state.js";
import { type Big, exact, kept, product, quotient, ZERO } from "./amounts.js";
import { type Books, type Cause, EMPTY_DAY, Refusal } from "./books.js";
import type { Limits } from "./steps.js";

const DAY_MS = 86_400_000;
const AHEAD_MS = 60_000;
const HOUR_MS = 3_600_000;

export function dayStartMs(books: Pick<Books, "setup">): number {
  const [hours = "0", minutes = "0"] = (books.setup.risk?.day_start ?? "00:00").split(":");
  return (Number(hours) * 60 + Number(minutes)) * 60_000;
}

export function dayOf(books: Pick<Books, "setup">, ts: number): string {
  return new Date(ts - dayStartMs(books)).toISOString().slice(0, 10);
}

export function endOfDay(books: Books, day: string): number {
  return Date.parse(`${day}T00:00:00Z`) + DAY_MS + dayStartMs(books);
}

/** Opens the day of the clock, or of a time up to a minute ahead. A clock that steps back reopens nothing. */
export function roll(books: Books, ts = books.now): void {
  if (ts > books.now + AHEAD_MS) throw new Refusal("ts");
  const day = dayOf(books, ts);
  if (day > books.openDay) books.openDay = day;
}

/** The day that a booking belongs to: that of its `ts`, else the open one. */
export function bookingDay(books: Books, ts: number | undefined): string {
  if (ts === undefined) return books.openDay;
  const day = dayOf(books, ts);
  return day > books.openDay ? books.openDay : day;
}

/** Books an amount that is already rounded, on a day and one of its parts. Equity follows unless the bot reports it. */
export function book(books: Books, day: string, amount: Big, part: Part): void {
  const before = books.days.get(day) ?? EMPTY_DAY;
  const parts = { ...before.parts, [part]: before.parts[part].plus(amount) };
  books.days.set(day, { ...before, pnl: before.pnl.plus(amount), parts });
  if (books.equity !== undefined && books.reportedAt === undefined) setEquity(books, books.equity.plus(amount));
}

/** A trade of this whole result ended on a day: what was an open result becomes a trade's. */
export function moveToTrades(books: Books, day: string, whole: Big): void {
  const before = books.days.get(day) ?? EMPTY_DAY;
  const parts = { ...before.parts, trades: before.parts.trades.plus(whole), open: before.parts.open.minus(whole) };
  books.days.set(day, { ...before, parts });
}

export function countTrade(books: Books, day: string): void {
  const before = books.days.get(day) ?? EMPTY_DAY;
  books.days.set(day, { ...before, trades: before.trades + 1 });
}

export function judge(books: Books, rounded: Big): void {
  if (rounded.lt(ZERO)) books.streak += 1;
  else if (rounded.gt(ZERO)) books.streak = 0;
}

function setEquity(books: Books, equity: Big): void {
  books.equity = equity;
  if (equity.gt(books.peak)) setPeak(books, equity);
}

function setPeak(books: Books, peak: Big): void {
  books.peak = peak;
  books.peakAt = books.now;
}

export function report(books: Books, equity: number): void {
  setEquity(books, exact(equity));
  books.reportedAt = books.now;
}

/** A deposit or withdrawal: the peak moves in proportion, so that the drawdown stays. */
export function transfer(books: Books, amount: Big, ts: number): void {
  const { equity } = books;
  if (equity === undefined) return;
  const contained = books.reportedAt !== undefined && books.reportedAt >= ts;
  const after = contained ? equity : equity.plus(amount);
  const before = contained ? equity.minus(amount) : equity;
  books.equity = after;
  if (contained && books.peakAt >= ts) return;
  const sound = before.gt(ZERO) && after.gt(ZERO);
  const peak = sound ? quotient(product(books.peak, after), before) : after;
  books.peak = peak;
  if (after.gt(peak)) setPeak(books, after);
}

export function drawdown(books: Books): Big {
  if (books.equity === undefined || books.peak.lte(ZERO)) return ZERO;
  return quotient(kept(books.peak.minus(books.equity)), books.peak);
}

export function todaysPnl(books: Books): Big {
  return (books.days.get(books.openDay) ?? EMPTY_DAY).pnl;
}

/** The numbers that a step can make worse. */
export interface Standing {
  readonly pnl: Big;
  readonly streak: number;
  readonly drawdown: Big;
}

export function standing(books: Books): Standing {
  return { pnl: todaysPnl(books), streak: books.streak, drawdown: drawdown(books) };
}

/** Trips on a cause whose own number got worse in this step and stands at its limit. Answers whether one did. */
export function evaluate(books: Books, before: Standing): boolean {
  const now = standing(books);
  const worse: Cause[] = [];
  if (now.pnl.lt(before.pnl)) worse.push("daily_loss");
  if (now.streak > before.streak) worse.push("consecutive_losses");
  if (now.drawdown.gt(before.drawdown)) worse.push("drawdown");
  return tripFirst(books, worse);
}

/** Limits that were set tighter trip where their number stands at or beyond them. */
export function setLimits(books: Books, limits: Limits): boolean {
  const before = books.limits;
  books.limits = { ...before, ...limits };
  const tightened: Cause[] = [];
  if (isTighter(before.max_daily_loss, limits.max_daily_loss)) tightened.push("daily_loss");
  if (isTighter(before.max_consecutive_losses, limits.max_consecutive_losses)) tightened.push("consecutive_losses");
  if (isTighter(before.max_drawdown, limits.max_drawdown)) tightened.push("drawdown");
  return tripFirst(books, tightened);
}

function isTighter(before: number | null | undefined, after: number | null | undefined): boolean {
  return typeof after === "number" && (typeof before !== "number" || after < before);
}

function tripFirst(books: Books, causes: readonly Cause[]): boolean {
  const cause = causes.find((name) => isReached(books, name));
  if (cause === undefined) return false;
  trip(books, cause, books.setup.risk?.breaker_duration ?? HOUR_MS);
  return true;
}

export function isReached(books: Books, cause: Cause): boolean {
  const { max_daily_loss: loss, max_consecutive_losses: losses, max_drawdown: most } = books.limits;
  if (cause === "daily_loss") return typeof loss === "number" && todaysPnl(books).lte(exact(loss).neg());
  if (cause === "consecutive_losses") return typeof losses === "number" && books.streak >= losses;
  return cause === "drawdown" && typeof most === "number" && drawdown(books).gte(exact(most));
}

/** A trip never shortens one that is active. */
export function trip(books: Books, cause: Cause, duration: number | "until_day_end" | "until_reset"): void {
  const until =
    duration === "until_reset"
      ? undefined
      : duration === "until_day_end"
        ? endOfDay(books, books.openDay)
        : books.now + duration;
  const active = activeTrip(books);
  const longer = active === undefined || (active.until !== undefined && (until === undefined || until > active.until));
  if (longer) books.trip = { cause, until };
}

export function activeTrip(books: Books): Books["trip"] {
  const last = books.trip;
  return last !== undefined && (last.until === undefined || last.until > books.now) ? last : undefined;
}

/** Acknowledges the cause that tripped last, also when its time is over. */
export function reset(books: Books): boolean {
  const cause = books.trip?.cause;
  books.trip = undefined;
  if (cause === "consecutive_losses") books.streak = 0;
  if (cause === "drawdown" && books.equity !== undefined) setPeak(books, books.equity);
  return cause !== undefined;
}
