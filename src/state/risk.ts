/** How results, equity and time change a flow's risk, and when they trip the breaker. Lua twins: `lua/shared/risk.lua`, `lua/shared/booking.lua`. */
import { InvalidArgumentError } from "../errors.js";
import { type Money, withinMoney } from "../exact/money.js";
import type { BreakerRow } from "../records/breaker.js";
import type { DailyRow } from "../records/day.js";
import type { RiskRow } from "../records/risk.js";
import type { BreakerSource } from "../types.js";
import { type AccountBooking, bookInAccount, writeAccountBooking } from "./account.js";
import { breakerUntil, decideTrip, type RiskPolicy } from "./breaker.js";
import { dayOf, openedBy } from "./day.js";
import { type Equity, followed, reported } from "./equity.js";
import type { FlowState } from "./flow-state.js";
import { limitReached } from "./limit-reached.js";

const NOTHING_YET: RiskRow = {
  day: "",
  daily_pnl: 0n,
  daily_trades: 0,
  consecutive_losses: 0,
  equity: null,
  peak_equity: "0",
  current_drawdown: 0,
  closed: 0n,
  later: 0n,
  cash: 0n,
  untied: 0n,
  equity_by: null,
  reported_at: null,
  peak_at: null,
  starting_equity: null,
};

/** The day at `now`. An account and its flows use the same day: the later one. */
function todayOf({ account }: FlowState, now: number, dayStart: number): string {
  const day = dayOf(now, dayStart);
  return account && account.day > day ? account.day : day;
}

/** The risk at `now`: on a new day zeros, while streak, equity, peak and drawdown carry over. Writes nothing. */
export function riskAt(state: FlowState, now: number, dayStart: number): RiskRow {
  const stored = state.risk.value ?? NOTHING_YET;
  const today = todayOf(state, now, dayStart);
  if (stored.day >= today) return stored;
  const { daily_pnl, daily_trades, closed, later, cash, untied } = NOTHING_YET;
  return Object.assign({}, stored, { day: today, daily_pnl, daily_trades, closed, later, cash, untied });
}

/** The stored day, if it is over at `now`. */
export function endedDay(state: FlowState, now: number, dayStart: number): DailyRow | undefined {
  const stored = state.risk.value;
  if (stored === undefined || stored.day >= todayOf(state, now, dayStart)) return undefined;
  const { day, daily_pnl: pnl, daily_trades: trades, closed, later, cash, untied } = stored;
  return { day, pnl, trades, closed, later, cash, untied };
}

/** What a change of PnL or equity does, decided but not yet written. */
export interface RiskDecision {
  readonly ended: DailyRow | undefined;
  /** Earlier days, as they are after the change. */
  readonly late: readonly DailyRow[];
  readonly row: RiskRow;
  readonly trip: BreakerRow | undefined;
  readonly tripped: boolean;
  /** The change of the flow's account. */
  readonly account: AccountBooking | undefined;
}

/** Money to book on the day of `ts`; without `ts`, on the open day. */
export interface Booking {
  readonly ts: number | undefined;
  /** Change of the results of open positions. */
  readonly open?: Money;
  /** Bookings on trades that had ended before. */
  readonly later?: Money;
  /** Cash that belongs to no trade. */
  readonly cash?: Money;
  /** `updateDailyPnl` that is not tied to a position. */
  readonly untied?: Money;
}

/** A trade that ends, or whose result was told, on the day of `ts`; without `ts`, on the open day. */
export interface CountedTrade {
  /** The whole result. */
  readonly result: Money;
  readonly ts: number | undefined;
  /** Whether its result moves from the open ones to the closed ones. */
  readonly ends: boolean;
  readonly counts: boolean;
  /** Whether the result changes the streak. */
  readonly judges: boolean;
}

export interface RiskChange {
  readonly booking?: Booking;
  /** Trades that end one after the other. */
  readonly trades?: readonly CountedTrade[];
  readonly equity?: number | undefined;
}

/** The days that a change affects: the open one, and earlier ones. */
class Days {
  readonly late: DailyRow[] = [];

  constructor(
    private readonly state: FlowState,
    private readonly ended: DailyRow | undefined,
    /** The open day, as it is after the change. */
    public open: DailyRow,
    private readonly dayStart: number,
  ) {}

  change(ts: number | undefined, change: (day: DailyRow) => DailyRow): void {
    const day = ts === undefined ? this.open.day : dayOf(ts, this.dayStart);
    if (day >= this.open.day) {
      this.open = change(this.open);
      return;
    }
    const at = this.late.findIndex((row) => row.day === day);
    const stands = this.late[at] ?? (this.ended?.day === day ? this.ended : this.state.history.get(day));
    const row = change(stands ?? { day, pnl: 0n, trades: 0, closed: 0n, later: 0n, cash: 0n, untied: 0n });
    if (at < 0) this.late.push(row);
    else this.late[at] = row;
  }
}

/**
 * Decides what booked money, ended trades and a new equity do to day, streak, drawdown and breaker. A `ts` up to a minute ahead, in the next day, opens
 * that day. Throws if `ts` is further ahead, and if a sum would leave 9e15.
 */
export function decideRisk(state: FlowState, now: number, change: RiskChange, policy: RiskPolicy): RiskDecision {
  const at = openedBy(change.booking?.ts, now);
  const ended = endedDay(state, at, policy.dayStart);
  const stands = riskAt(state, at, policy.dayStart);
  let { consecutive_losses } = stands;
  let held: Equity = stands;
  const { day, daily_pnl, daily_trades, closed, later, cash, untied } = stands;
  const days = new Days(
    state,
    ended,
    { day, pnl: daily_pnl, trades: daily_trades, closed, later, cash, untied },
    policy.dayStart,
  );

  const { booking, trades = [] } = change;
  const isToday = booking?.ts === undefined || dayOf(booking.ts, policy.dayStart) >= day;
  const booked = booking && inRange(totalOf(booking));
  if (booking && booked !== undefined) {
    days.change(booking.ts, (row) => ({
      day: row.day,
      pnl: inRange(row.pnl + booked),
      trades: row.trades,
      closed: row.closed,
      later: inRange(row.later + (booking.later ?? 0n)),
      cash: inRange(row.cash + (booking.cash ?? 0n)),
      untied: inRange(row.untied + (booking.untied ?? 0n)),
    }));
  }
  for (const { result, ts, ends, counts, judges } of trades) {
    days.change(ts, (row) => ({
      day: row.day,
      pnl: row.pnl,
      trades: row.trades + (counts ? 1 : 0),
      closed: ends ? inRange(row.closed + result) : row.closed,
      later: row.later,
      cash: row.cash,
      untied: row.untied,
    }));
    if (!judges) continue;
    if (result < 0n) consecutive_losses++;
    else if (result > 0n) consecutive_losses = 0;
  }

  held = change.equity === undefined ? followed(held, booked ?? 0n, now) : reported(held, change.equity, now);

  const today = days.open;
  const row: RiskRow = {
    day: today.day,
    daily_pnl: today.pnl,
    daily_trades: today.trades,
    consecutive_losses,
    equity: held.equity,
    peak_equity: held.peak_equity,
    current_drawdown: held.current_drawdown,
    closed: today.closed,
    later: today.later,
    cash: today.cash,
    untied: today.untied,
    equity_by: held.equity_by,
    reported_at: held.reported_at,
    peak_at: held.peak_at,
    starting_equity: held.starting_equity,
  };
  const cause = reachedLimit(state, row, (source) => isWorse(source, row, stands));
  const trip = cause && decideTrip(state, now, cause.source, cause.reason, breakerUntil(now, policy, row.day));
  const { account, flowId } = state;
  const inAccount =
    account &&
    booked &&
    bookInAccount(account, booked, isToday, { flowId, day: row.day, now, dayStart: policy.dayStart });
  return {
    ...{ ended, late: days.late, row, trip: trip?.breaker, tripped: trip?.tripped ?? false },
    account: inAccount || undefined,
  };
}

/** A change of the row that books nothing and trips nothing; only the day may change. */
export function openedRisk(
  state: FlowState,
  at: number,
  dayStart: number,
  change: (row: RiskRow) => RiskRow,
  account?: AccountBooking,
): RiskDecision {
  const ended = endedDay(state, at, dayStart);
  return { ended, late: [], row: change(riskAt(state, at, dayStart)), trip: undefined, tripped: false, account };
}

function totalOf({ open = 0n, later = 0n, cash = 0n, untied = 0n }: Booking): Money {
  return open + later + cash + untied;
}

export function writeRisk(state: FlowState, { ended, late, row, trip, account }: RiskDecision): void {
  if (ended) state.history.set(ended.day, ended);
  for (const day of late) state.history.set(day.day, day);
  state.risk.value = row;
  if (trip) state.breaker.value = trip;
  if (account && state.account) writeAccountBooking(state.account, state.flowId, account);
}

function inRange(sum: Money): Money {
  if (!withinMoney(sum))
    throw new InvalidArgumentError("pnl: a sum of the day would exceed +-9e15; nothing was booked");
  return sum;
}

/** Whether the number of a cause is worse than before the step, after a possible change of day. */
function isWorse(source: BreakerSource, row: RiskRow, before: RiskRow): boolean {
  if (source === "daily_loss") return row.daily_pnl < before.daily_pnl;
  if (source === "consecutive_losses") return row.consecutive_losses > before.consecutive_losses;
  return row.current_drawdown > before.current_drawdown;
}

/** The first of the flow's limits that the risk has reached, in words. `among`: the causes that may trip. */
export function reachedLimit(
  state: FlowState,
  row: RiskRow,
  among: (source: BreakerSource) => boolean,
): { source: BreakerSource; reason: string } | undefined {
  return limitReached(row, (name) => state.limit(name), among);
}
