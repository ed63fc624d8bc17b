/** Risk, breaker and history as callers see them, from rows and from replies. */

import type { BreakerDuration } from "../config/duration.js";
import { formatMoney, fromMoney, parseMoney } from "../exact/money.js";
import type { BreakerRow } from "../records/breaker.js";
import type { DailyRow } from "../records/day.js";
import { activeBreaker } from "../state/breaker.js";
import type { FlowState } from "../state/flow-state.js";
import { inOrder } from "../state/ranking.js";
import { type RiskDecision, riskAt } from "../state/risk.js";
import type { CircuitBreaker, DailyRisk, RiskState } from "../types.js";
import { BREAKER_SOURCES, type BreakerSource, wordOf } from "../words/word-lists.js";
import { optionalTime, type Reply, text } from "./operation.js";
import { pairsFromReply } from "./view-signals.js";

export function riskView(state: FlowState, now: number, dayStart: number): RiskState {
  const row = riskAt(state, now, dayStart);
  const breaker = activeBreaker(state, now);
  const view: RiskState = {
    day: row.day,
    dailyPnl: fromMoney(row.daily_pnl),
    dailyTrades: row.daily_trades,
    consecutiveLosses: row.consecutive_losses,
    currentDrawdown: row.current_drawdown,
    peakEquity: Number(row.peak_equity),
    circuitBreakerActive: breaker !== undefined,
  };
  if (breaker) view.circuitBreakerReason = breaker.reason;
  if (breaker && breaker.until !== null) view.circuitBreakerUntil = new Date(breaker.until);
  return view;
}

/** A risk state from nine fields of a reply. */
export function riskFromReply(reply: Reply, at: number): RiskState {
  const active = text(reply, at + 6) === "1";
  const until = optionalTime(reply, at + 8);
  return {
    day: text(reply, at),
    dailyPnl: Number(text(reply, at + 1)),
    dailyTrades: Number(text(reply, at + 2)),
    consecutiveLosses: Number(text(reply, at + 3)),
    currentDrawdown: Number(text(reply, at + 4)),
    peakEquity: Number(text(reply, at + 5)),
    circuitBreakerActive: active,
    ...(active && { circuitBreakerReason: text(reply, at + 7) }),
    ...(until && { circuitBreakerUntil: until }),
  };
}

export function breakerView(breaker: BreakerRow | undefined): CircuitBreaker {
  if (!breaker) return { active: false };
  return {
    active: true,
    reason: breaker.reason,
    source: breaker.source,
    trippedAt: new Date(breaker.tripped_at),
    ...(breaker.until !== null && { until: new Date(breaker.until) }),
  };
}

/** A breaker from five fields of a reply. */
export function breakerFromReply(reply: Reply, at: number): CircuitBreaker {
  if (text(reply, at) !== "1") return { active: false };
  const until = optionalTime(reply, at + 4);
  return {
    active: true,
    reason: text(reply, at + 1),
    source: breakerSource(text(reply, at + 2)),
    trippedAt: new Date(Number(text(reply, at + 3))),
    ...(until && { until }),
  };
}

export function breakerSource(value: string): BreakerSource {
  const source = wordOf(BREAKER_SOURCES, value);
  if (!source) throw new TypeError(`unknown source of a breaker: ${JSON.stringify(value)}`);
  return source;
}

export function dailyView(row: DailyRow): DailyRisk {
  const { day, pnl, trades, closed, later, cash, untied } = row;
  const open = pnl - closed - later - cash - untied;
  return {
    day,
    pnl: fromMoney(pnl),
    trades,
    parts: {
      closed: fromMoney(closed),
      open: fromMoney(open),
      later: fromMoney(later),
      cash: fromMoney(cash),
      untied: fromMoney(untied),
    },
  };
}

/** The newest `count` days, by date. */
export function newestDays(days: DailyRisk[], count = Number.POSITIVE_INFINITY): DailyRisk[] {
  const sorted = inOrder(days, (a, b) => (a.day < b.day ? -1 : 1));
  return sorted.slice(Math.max(0, sorted.length - count));
}

export function daysFromReply(reply: Reply, at: number): DailyRisk[] {
  return pairsFromReply(reply, at).map(([day, json]) => dayFromJson({ day, ...JSON.parse(json) }));
}

/** A stored day as JSON; missing parts are 0. */
export interface DayJson {
  readonly day: string;
  readonly pnl: string;
  readonly trades: number;
  readonly closed?: string;
  readonly later?: string;
  readonly cash?: string;
  readonly untied?: string;
}

export function dayFromJson({ day, pnl, trades, closed, later, cash, untied }: DayJson): DailyRisk {
  const part = (amount = "0") => parseMoney(amount);
  return dailyView({
    day,
    pnl: parseMoney(pnl),
    trades,
    closed: part(closed),
    later: part(later),
    cash: part(cash),
    untied: part(untied),
  });
}

function lateJson({ day, pnl, trades, closed, later, cash, untied }: DailyRow): string {
  return JSON.stringify({
    day,
    pnl: formatMoney(pnl),
    trades,
    closed: formatMoney(closed),
    later: formatMoney(later),
    cash: formatMoney(cash),
    untied: formatMoney(untied),
  });
}

/** The fields of an event about a flow's risk after a change. Lua twin: `risk_event`. */
export function riskEvent({ row, late, trip, tripped }: RiskDecision): Record<string, string> {
  return {
    day: row.day,
    daily_pnl: formatMoney(row.daily_pnl),
    daily_trades: String(row.daily_trades),
    consecutive_losses: String(row.consecutive_losses),
    equity: row.equity ?? "",
    peak_equity: row.peak_equity,
    current_drawdown: String(row.current_drawdown),
    closed: formatMoney(row.closed),
    later: formatMoney(row.later),
    cash: formatMoney(row.cash),
    untied: formatMoney(row.untied),
    tripped: tripped ? "1" : "0",
    ...(late.length > 0 && {
      late: `[${late.map(lateJson).join(",")}]`,
    }),
    ...(trip && breakerEvent(trip)),
  };
}

/** The fields of an event about the breaker. Lua twin: `breaker_event`. */
export function breakerEvent(breaker: BreakerRow): Record<string, string> {
  return {
    breaker_reason: breaker.reason,
    breaker_source: breaker.source,
    breaker_tripped_at: String(breaker.tripped_at),
    breaker_until: breaker.until === null ? "" : String(breaker.until),
  };
}

export function encodeDuration(duration: BreakerDuration): string {
  return String(duration);
}
