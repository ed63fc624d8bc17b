/**
 * The figures of a period, computed from values alone: the command line, the HTML file and the page show what `reportOf` returns. The meaning of each
 * figure is in `figures.ts`.
 */
import { fromMoney, type Money } from "../exact/money.js";
import { dayOf, dayStartOf } from "../state/day.js";
import type { DayParts, Position, Time, Trade } from "../types.js";
import { printable } from "../words/printable.js";
import { type Booking, moneyOf } from "./booking.js";
import { bookedDays, type Day, dayBegin, daysIn, partsOf } from "./day.js";
import { type Drawdown, drawdownOf, equityBefore, type Step, stepsOf } from "./equity.js";
import {
  ACCOUNT_FIGURES,
  type AccountFigureName,
  type FigureName,
  type FigureSet,
  figureSet,
  none,
  type Reckoned,
  type TradeFigureName,
} from "./figures.js";
import { type Grouping, type GroupKeys, groupOf, groupOfOpen } from "./groups.js";
import { type HeldPoint, type Hold, heldOver } from "./holds.js";
import { type DaysPerYear, returnFigures } from "./returns.js";
import { thinned } from "./thinned.js";
import { type BookedDay, NOTHING } from "./today.js";
import { byEnd, holdOf, sum, tradeFigures } from "./trade-figures.js";

export interface ReportOptions {
  /** Inclusive. Default: the beginning of the first day of which anything is known. */
  readonly from?: Time;
  /** Exclusive. Default: `now`. */
  readonly to?: Time;
  /** The end of a report without `to`; open positions have lasted until then. Default: the clock's time. */
  readonly now?: Time;
  readonly by?: Grouping;
  /** The key of the metadata for `by: "strategy"`. Default: `strategy`. */
  readonly strategyKey?: string;
  /** When the trading day begins, `HH:MM` in UTC. Default: `00:00`. */
  readonly dayStart?: string;
  /** Days in a year, for Sharpe and Sortino. Default: 365. */
  readonly daysPerYear?: DaysPerYear;
  /** The flow's currency; default: that of its newest trade. */
  readonly currency?: string;
  /** Equity before the first booking. Default: from the log. */
  readonly startEquity?: number;
  /** The bookings of each day, from `daysUntilNow`. Default: from the bookings, else from the results of the trades on the days on which they ended. */
  readonly days?: readonly BookedDay[];
  /** The bookings of the event log, in its order, from `bookingsOf`. */
  readonly bookings?: readonly Booking[];
  /** The time since which the event log is complete; absent: since the flow's beginning. */
  readonly logSince?: Time;
  /** Open positions. */
  readonly positions?: readonly Position[];
}

/** A trading day that begins in the period. */
export interface ReportDay {
  readonly day: string;
  /** The sum of its bookings. */
  readonly booked: number;
  /** How many trades ended on it, even if the period cuts the day. */
  readonly trades: number;
  /** Equity at its end; null if it is not known. */
  readonly equity: number | null;
  /** Its bookings as a fraction of the equity at its start; null if that is not known, or not above 0. */
  readonly return: number | null;
}

export interface EquityPoint {
  readonly at: Date;
  readonly equity: number;
}

/** Time of the max drawdown; `recoveredAt` is null if the equity did not reach that peak again. */
export interface DrawdownTimes {
  readonly peakAt: Date;
  readonly troughAt: Date;
  readonly recoveredAt: Date | null;
}

export interface ReportGroup extends FigureSet<TradeFigureName> {
  /** Null: the trades that do not say it. */
  readonly key: string | null;
}

export interface Report extends FigureSet<FigureName> {
  readonly from: Date;
  readonly to: Date;
  readonly currency: string;
  readonly dayStart: string;
  readonly daysPerYear: DaysPerYear;
  /** The parts of the days; null if they were not stored. */
  readonly parts: DayParts | null;
  readonly drawdown: DrawdownTimes | null;
  readonly days: readonly ReportDay[];
  /** The equity after each booking, thinned to what a plot can show; it starts at 0 if the initial equity is not known. */
  readonly curve: readonly EquityPoint[];
  /** The number of open positions from each moment on, thinned in the same way. */
  readonly held: readonly HeldPoint[];
  readonly by: Grouping | null;
  readonly groups: readonly ReportGroup[];
  /** What a reader has to know: what is missing, or not known. */
  readonly notes: readonly string[];
}

/**
 * The report of a flow's trades. Pass all trades that may touch the period: those that ended in it are counted, those that ended later count for the
 * exposure. A trading day belongs to the period in which it begins, so that two halves add up to the whole.
 */
export function reportOf(trades: readonly Trade[], options: ReportOptions = {}): Report {
  const { bookings = [], positions = [], daysPerYear = 365, dayStart: dayStartText = "00:00" } = options;
  const dayStart = dayStartOf(dayStartText);
  const now = Number(options.now ?? Date.now());
  const all = byEnd(trades);
  const booked = bookedDays({ days: options.days, bookings: options.bookings, trades: all, dayStart });
  const period = periodOf(options, all, booked, dayStart, now);
  const inside = all.filter(({ exitTs }) => exitTs.getTime() >= period.from && exitTs.getTime() < period.to);
  const lasted: Hold = { from: period.from, to: Math.min(period.to, Math.max(now, period.from)) };

  const keys: GroupKeys = { by: options.by ?? "pair", dayStart, strategyKey: options.strategyKey ?? "strategy" };
  const openHold = ({ entryTs }: Position): Hold => ({ from: entryTs.getTime(), to: now });
  const holds = [...all.map(holdOf), ...positions.map(openHold)];
  const ofTrades = tradeFigures(inside, holds, lasted);

  const account = accountOf({ options, bookings, booked, all, period, lasted, dayStart, daysPerYear });
  return {
    from: new Date(period.from),
    to: new Date(period.to),
    currency: options.currency ?? all.at(-1)?.currency ?? "",
    dayStart: dayStartText,
    daysPerYear,
    figures: { ...ofTrades.figures, ...account.set.figures },
    reasons: { ...ofTrades.reasons, ...account.set.reasons },
    parts: account.parts ?? null,
    drawdown: account.drawdown,
    days: account.days,
    curve: account.curve,
    held: thinned(heldOver(holds, lasted), ({ positions: open }) => open),
    by: options.by ?? null,
    groups: options.by === undefined ? [] : groupsOf(inside, all, positions, keys, lasted, openHold),
    notes: [...tradeNotes(inside), ...account.notes],
  };
}

interface Period {
  readonly from: number;
  readonly to: number;
}

function periodOf(
  { from, to }: ReportOptions,
  trades: readonly Trade[],
  booked: readonly Day[],
  dayStart: number,
  now: number,
): Period {
  const [firstDay] = booked;
  const [firstTrade] = trades;
  const end = Number(to ?? now);
  const known = [
    ...(firstDay ? [dayBegin(firstDay.day, dayStart)] : []),
    ...(firstTrade ? [dayBegin(dayOf(firstTrade.exitTs.getTime(), dayStart), dayStart)] : []),
  ];
  return { from: Number(from ?? Math.min(end, ...known)), to: end };
}

function groupsOf(
  inside: readonly Trade[],
  all: readonly Trade[],
  positions: readonly Position[],
  keys: GroupKeys,
  lasted: Hold,
  openHold: (position: Position) => Hold,
): ReportGroup[] {
  const groups = new Map<string | undefined, { trades: Trade[]; holds: Hold[] }>();
  for (const trade of inside) {
    const key = groupOf(trade, keys);
    const group = groups.get(key) ?? { trades: [], holds: [] };
    group.trades.push(trade);
    groups.set(key, group);
  }
  for (const trade of all) groups.get(groupOf(trade, keys))?.holds.push(holdOf(trade));
  for (const position of positions) groups.get(groupOfOpen(position, keys))?.holds.push(openHold(position));
  return [...groups]
    .sort(([a], [b]) => (a === undefined ? 1 : b === undefined ? -1 : a < b ? -1 : 1))
    .map(([key, { trades, holds }]) => ({ key: key ?? null, ...tradeFigures(trades, holds, lasted) }));
}

interface AccountAsked {
  readonly options: ReportOptions;
  readonly bookings: readonly Booking[];
  readonly booked: readonly Day[];
  readonly all: readonly Trade[];
  readonly period: Period;
  readonly lasted: Hold;
  readonly dayStart: number;
  readonly daysPerYear: DaysPerYear;
}

interface Account {
  readonly set: FigureSet<AccountFigureName>;
  readonly parts: DayParts | undefined;
  readonly drawdown: DrawdownTimes | null;
  readonly days: readonly ReportDay[];
  readonly curve: readonly EquityPoint[];
  readonly notes: readonly string[];
}

const NO_EQUITY =
  "the equity is not known: configure risk.starting_equity, report the equity, or say what it was at the start";

function accountOf(asked: AccountAsked): Account {
  const { options, bookings, period, lasted, dayStart, daysPerYear } = asked;
  const names = daysIn(lasted, dayStart);
  const byName = new Map(asked.booked.map((day) => [day.day, day]));
  const days: Day[] = names.map((day) => byName.get(day) ?? { day, pnl: 0n, parts: NOTHING });
  const isInside = new Set(names);
  const logged = bookings.filter(({ day }) => isInside.has(day));
  const { steps, unlogged } = stepsOf(
    days,
    options.bookings ? logged : stepsOfTrades(asked, isInside),
    dayStart,
    lasted.to,
  );
  const [first] = names;
  const start = startOf(options, first, bookings, unlogged);

  const rows = daily(days, steps, start, asked.all, dayStart);
  const missing = missingReturns(start, rows, first);
  const returns = rows.map((row) => row.return ?? 0);
  const total = sum(days.map(({ pnl }) => pnl));
  const transferred = sum(steps.map(({ amount, isTransfer }) => (isTransfer ? amount : 0n)));
  const fall = drawdownOf(start ?? 0n, steps, first === undefined ? lasted.from : dayBegin(first, dayStart), lasted.to);
  const parts = partsOf(days);
  return {
    set: figureSet(ACCOUNT_FIGURES, {
      booked: fromMoney(total),
      days: names.length,
      startEquity: start === undefined ? none(NO_EQUITY) : fromMoney(start),
      endEquity: start === undefined ? none(NO_EQUITY) : fromMoney(start + total + transferred),
      transfers: fromMoney(transferred),
      ...returnFigures(returns, missing, daysPerYear),
      ...drawdownFigures(fall, start),
    }),
    parts,
    drawdown:
      fall.amount === 0n
        ? null
        : {
            peakAt: new Date(fall.peakAt),
            troughAt: new Date(fall.troughAt),
            recoveredAt: fall.recoveredAt === undefined ? null : new Date(fall.recoveredAt),
          },
    days: rows,
    curve: curveOf(start ?? 0n, steps, lasted.from),
    notes: accountNotes(asked, days, first, start, unlogged, period),
  };
}

/** Without a log: the results of the trades, on the days on which they ended. */
function stepsOfTrades({ options, all, dayStart }: AccountAsked, isInside: ReadonlySet<string>): Booking[] {
  if (options.days) return [];
  return all
    .map(({ exitTs, pnl }) => ({
      at: exitTs,
      day: dayOf(exitTs.getTime(), dayStart),
      amount: pnl,
      kind: "pnl" as const,
    }))
    .filter(({ day }) => isInside.has(day));
}

function startOf(
  { startEquity }: ReportOptions,
  first: string | undefined,
  bookings: readonly Booking[],
  unlogged: Money,
): Money | undefined {
  if (startEquity !== undefined) return moneyOf(startEquity);
  return first === undefined ? undefined : equityBefore(first, bookings, unlogged);
}

function daily(
  days: readonly Day[],
  steps: readonly Step[],
  start: Money | undefined,
  trades: readonly Trade[],
  dayStart: number,
): ReportDay[] {
  const moved = new Map<string, Money>();
  for (const { day, amount, isTransfer } of steps) {
    if (isTransfer) moved.set(day, (moved.get(day) ?? 0n) + amount);
  }
  const ended = new Map<string, number>();
  for (const { exitTs } of trades) {
    const day = dayOf(exitTs.getTime(), dayStart);
    ended.set(day, (ended.get(day) ?? 0) + 1);
  }
  let equity = start;
  return days.map(({ day, pnl }) => {
    const before = equity;
    if (equity !== undefined) equity += pnl + (moved.get(day) ?? 0n);
    return {
      day,
      booked: fromMoney(pnl),
      trades: ended.get(day) ?? 0,
      equity: equity === undefined ? null : fromMoney(equity),
      return: before === undefined || before <= 0n ? null : Number(pnl) / Number(before),
    };
  });
}

/** Why there are no daily returns. */
function missingReturns(
  start: Money | undefined,
  rows: readonly ReportDay[],
  first: string | undefined,
): string | undefined {
  if (first === undefined) return "no day begins in the period";
  if (start === undefined) return NO_EQUITY;
  const broke = rows.find((row) => row.return === null);
  return broke && `the equity was not above 0 at the start of ${broke.day}`;
}

function drawdownFigures(
  { amount, share, largestShare, peakAt, troughAt, longestUnderWater }: Drawdown,
  start: Money | undefined,
): Pick<
  Record<AccountFigureName, Reckoned>,
  "maxDrawdown" | "maxDrawdownShare" | "largestDrawdownShare" | "drawdownLength" | "longestUnderWater"
> {
  const relative = (value: number | undefined): Reckoned =>
    start === undefined ? none(NO_EQUITY) : (value ?? none("no peak of the equity was above 0"));
  return {
    maxDrawdown: fromMoney(amount),
    maxDrawdownShare: relative(share),
    largestDrawdownShare: relative(largestShare),
    drawdownLength: amount === 0n ? none("the equity never fell") : troughAt - peakAt,
    longestUnderWater,
  };
}

function curveOf(start: Money, steps: readonly Step[], from: number): EquityPoint[] {
  let equity = start;
  const points = [{ at: new Date(from), equity: fromMoney(start) }];
  for (const { at, amount } of steps) {
    equity += amount;
    points.push({ at: new Date(at), equity: fromMoney(equity) });
  }
  return thinned(points, ({ equity }) => equity);
}

function tradeNotes(trades: readonly Trade[]): string[] {
  const notes: string[] = [];
  const untold = trades.filter((trade) => trade.untold !== undefined);
  if (untold.length > 0) notes.push(`the result is not fully known of ${named(untold)}`);
  const unpriced = trades.filter((trade) => trade.unpriced !== undefined);
  if (unpriced.length > 0) notes.push(`an amount without a rate is in no sum, of ${named(unpriced)}`);
  const assumed = trades.filter((trade) => trade.rateAssumed);
  if (assumed.length > 0)
    notes.push(`an exit had no rate and was booked at the position's last one, of ${named(assumed)}`);
  return notes;
}

const NAMED = 5;

function named(trades: readonly Trade[]): string {
  const names = trades.slice(0, NAMED).map(({ id }) => printable(id));
  const more = trades.length - names.length;
  return `${trades.length === 1 ? "1 trade" : `${trades.length} trades`}: ${names.join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}

function accountNotes(
  { options, all, dayStart, lasted, bookings }: AccountAsked,
  days: readonly Day[],
  first: string | undefined,
  start: Money | undefined,
  unlogged: Money,
  period: Period,
): string[] {
  const notes: string[] = [];
  const text = (ms: number) => new Date(ms).toISOString();
  if (first === undefined) notes.push("no trading day begins in the period: there are no figures of days");
  else if (dayBegin(first, dayStart) !== lasted.from) {
    notes.push(`figures of days begin with ${first}, the first trading day that begins in the period`);
  }
  const oldest = all[0];
  const forgotten = days.find(
    ({ day, parts }) =>
      parts !== undefined && parts.closed !== 0 && (!oldest || day < dayOf(oldest.exitTs.getTime(), dayStart)),
  );
  if (forgotten)
    notes.push(
      `trades from ${forgotten.day} on${oldest ? ` until ${text(oldest.exitTs.getTime())}` : ""} are no longer kept: only the days have their results`,
    );
  if (options.bookings === undefined) {
    if (options.days === undefined) notes.push("the equity moves only when a trade ends: no log of events was given");
    else notes.push("the equity moves once a day: no log of events was given");
  } else {
    const since = options.logSince === undefined ? undefined : Number(options.logSince);
    if (since !== undefined && since > period.from) {
      notes.push(
        `events before ${text(since)} are no longer kept. Until then the equity moves once a day, and deposits and withdrawals are not known`,
      );
    } else if (unlogged !== 0n)
      notes.push("the log of events and the history of days differ: sf-state doctor says more");
    if (start !== undefined && options.startEquity === undefined && bookings.some(({ kind }) => kind === "report")) {
      notes.push("the bot reports its equity: the curve starts at that, and then follows the bookings");
    }
  }
  if (start === undefined && first !== undefined) notes.push(`the curve begins at 0: ${NO_EQUITY}`);
  return notes;
}
