/**
 * How profit and loss, equity and time move a flow's risk, and when they trip the breaker. Lua twins: `lua/shared/risk.lua`,
 * `lua/shared/booking.lua`.
 */
import { InvalidArgumentError } from "../errors.js";
import { formatMoney, type Money, toMoney, withinMoney } from "../exact/money.js";
import type { BreakerRow } from "../records/breaker.js";
import type { DailyRow } from "../records/day.js";
import type { RiskRow } from "../records/risk.js";
import type { BreakerSource } from "../types.js";
import { breakerUntil, decideTrip, type RiskPolicy } from "./breaker.js";
import { dayOf } from "./day.js";
import type { FlowState } from "./flow-state.js";

/** A peak next to nothing makes any loss an endless drawdown; this much is told as a number. */
const DEEPEST_DRAWDOWN = 1e15;

const NOTHING_YET: RiskRow = {
  day: "",
  daily_pnl: 0n,
  daily_trades: 0,
  consecutive_losses: 0,
  equity: null,
  peak_equity: 0,
  current_drawdown: 0,
};

/** The risk as it stands at `now`: on a new day zeros, while streak, peak and drawdown carry over. Writes nothing. */
export function riskAt(state: FlowState, now: number, dayStart: number): RiskRow {
  const stored = state.risk.value ?? NOTHING_YET;
  const today = dayOf(now, dayStart);
  return stored.day < today ? { ...stored, day: today, daily_pnl: 0n, daily_trades: 0 } : stored;
}

/** The stored day, when it is over by `now`. */
export function endedDay(state: FlowState, now: number, dayStart: number): DailyRow | undefined {
  const stored = state.risk.value;
  if (stored === undefined || stored.day >= dayOf(now, dayStart)) return undefined;
  return { day: stored.day, pnl: stored.daily_pnl, trades: stored.daily_trades };
}

/** What a change of PnL or equity does, decided but not yet written. */
export interface RiskDecision {
  readonly ended: DailyRow | undefined;
  /** Earlier days, as they stand after the change. */
  readonly late: readonly DailyRow[];
  readonly row: RiskRow;
  readonly trip: BreakerRow | undefined;
  readonly tripped: boolean;
}

export interface RiskChange {
  /** Money to book on the day of `ts`; without one, on the day that is open. */
  readonly booking?: { readonly pnl: Money; readonly ts: number | undefined };
  /** Trades to count on the day of `ts`, or on the day that is open; the whole result of each, one after the other, moves the streak. */
  readonly trades?: readonly { readonly result: Money; readonly ts: number | undefined }[];
  readonly equity?: number | undefined;
}

/** Decides what booked money, a finished trade and a new equity do to day, streak, drawdown and breaker. Throws when a sum leaves 9e15. */
export function decideRisk(state: FlowState, now: number, change: RiskChange, policy: RiskPolicy): RiskDecision {
  const ended = endedDay(state, now, policy.dayStart);
  const stands = riskAt(state, now, policy.dayStart);
  let { daily_pnl, daily_trades, consecutive_losses, equity, peak_equity, current_drawdown } = stands;
  const late: DailyRow[] = [];

  if (change.booking) {
    const { pnl, ts } = change.booking;
    const day = ts === undefined ? stands.day : dayOf(ts, policy.dayStart);
    if (day < stands.day) {
      const booked = bookedDay(state, ended, day);
      late.push({ day, pnl: inRange(booked.pnl + pnl), trades: booked.trades });
    } else {
      daily_pnl = inRange(daily_pnl + pnl);
    }
  }

  for (const { result, ts } of change.trades ?? []) {
    const day = ts === undefined ? stands.day : dayOf(ts, policy.dayStart);
    if (day < stands.day) {
      const at = late.findIndex((row) => row.day === day);
      const booked = late[at] ?? bookedDay(state, ended, day);
      late.splice(at < 0 ? late.length : at, 1, { day, pnl: booked.pnl, trades: booked.trades + 1 });
    } else {
      daily_trades++;
    }
    if (result < 0n) consecutive_losses++;
    else if (result > 0n) consecutive_losses = 0;
  }

  if (change.equity !== undefined) {
    equity = change.equity;
    peak_equity = Math.max(peak_equity, equity);
    current_drawdown = peak_equity > 0 ? Math.min((peak_equity - equity) / peak_equity, DEEPEST_DRAWDOWN) : 0;
  }

  const row: RiskRow = {
    day: stands.day,
    daily_pnl,
    daily_trades,
    consecutive_losses,
    equity,
    peak_equity,
    current_drawdown,
  };
  const changed = (change.trades?.length ?? 0) > 0 || change.equity !== undefined || (change.booking?.pnl ?? 0n) !== 0n;
  const cause = changed ? reachedLimit(state, row) : undefined;
  const trip = cause && decideTrip(state, now, cause.source, cause.reason, breakerUntil(now, policy));
  return { ended, late, row, trip: trip?.breaker, tripped: trip?.tripped ?? false };
}

/** What is booked so far on a day that is over. */
function bookedDay(state: FlowState, ended: DailyRow | undefined, day: string): DailyRow {
  return ended?.day === day ? ended : (state.history.get(day) ?? { day, pnl: 0n, trades: 0 });
}

export function writeRisk(state: FlowState, { ended, late, row, trip }: RiskDecision): void {
  if (ended) state.history.set(ended.day, ended);
  for (const day of late) state.history.set(day.day, day);
  state.risk.value = row;
  if (trip) state.breaker.value = trip;
}

function inRange(sum: Money): Money {
  if (!withinMoney(sum)) throw new InvalidArgumentError("pnl: the day's sum would leave +-9e15; nothing was booked");
  return sum;
}

/** The first limit that the risk has reached, in words. */
function reachedLimit(state: FlowState, row: RiskRow): { source: BreakerSource; reason: string } | undefined {
  const maxLoss = state.limit("max_daily_loss");
  if (maxLoss !== undefined) {
    const limit = toMoney(maxLoss) ?? 0n;
    if (row.daily_pnl <= -limit) {
      const reason = `daily loss of ${formatMoney(-row.daily_pnl)} reached the limit of ${formatMoney(limit)}`;
      return { source: "daily_loss", reason };
    }
  }
  const maxLosses = state.limit("max_consecutive_losses");
  if (maxLosses !== undefined && row.consecutive_losses >= maxLosses) {
    const reason = `${row.consecutive_losses} losses in a row reached the limit of ${maxLosses}`;
    return { source: "consecutive_losses", reason };
  }
  const maxDrawdown = state.limit("max_drawdown");
  if (maxDrawdown !== undefined && row.current_drawdown >= maxDrawdown) {
    const reason = `drawdown of ${percent(row.current_drawdown)} reached the limit of ${percent(maxDrawdown)}`;
    return { source: "drawdown", reason };
  }
  return undefined;
}

function percent(fraction: number): string {
  return `${(Math.floor(fraction * 10_000 + 0.5) / 100).toFixed(2)}%`;
}
