/** Events as callers see them, from rows and from the fields that the scripts write. */
import { ACCOUNT_LIMITS, type AccountLimitName } from "../config/account.js";
import { RISK_LIMITS, type RiskLimitName } from "../config/risk-limits.js";
import type { EventRow } from "../records/event.js";
import { unpricedView } from "../records/unpriced-view.js";
import { durationOf } from "../state/account.js";
import { guardsIn } from "../state/guards.js";
import type { CircuitBreaker, DailyRisk, EventRisk, Fee, Position, PositionSide, StateEvent } from "../types.js";
import { LIMIT_SETTERS, type LimitSetter, wordOf } from "../words/word-lists.js";
import { feesFromText } from "./fees-text.js";
import { cashKind, cashPlace } from "./view-cash.js";
import { orderFromReply } from "./view-order.js";
import { positionFromReply } from "./view-position.js";
import { breakerSource, type DayJson, dayFromJson } from "./view-risk.js";
import { tradeFromJson, tradesFromJson } from "./view-trade.js";

type Fields = Readonly<Record<string, string>>;
type Base = Pick<StateEvent, "id" | "at" | "instance">;

export function eventFromRow(row: EventRow): StateEvent {
  return eventView({ id: row.id, at: new Date(row.at), instance: row.instance }, row.type, row.fields());
}

/** The event of a type, made from its fields. Throws a TypeError for a type that this version does not know. */
export function eventView(base: Base, type: string, f: Fields): StateEvent {
  // Each literal is written out: adding to a spread would cost more than everything else here.
  const { id, at, instance } = base;
  switch (type) {
    case "position_saved":
    case "position_updated":
      return { id, at, instance, type, position: positionFromReply([need(f, "position")], 0) };
    case "position_removed":
      return {
        id,
        at,
        instance,
        type,
        positionId: need(f, "id"),
        pair: need(f, "pair"),
        ...(f.trade && { trade: tradeFromJson(f.trade) }),
        ...until(f, "cooldown_until"),
        ...(f.day !== undefined && { risk: risk(f) }),
      };
    case "position_closed":
      return {
        id,
        at,
        instance,
        type,
        positionId: need(f, "id"),
        pair: need(f, "pair"),
        pnl: Number(need(f, "pnl")),
        ...(f.reason && { reason: f.reason }),
        ...until(f, "cooldown_until"),
        ...(f.trade && { trade: tradeFromJson(f.trade) }),
        risk: risk(f),
      };
    case "order_saved":
    case "order_updated":
      return { id, at, instance, type, order: orderFromReply([need(f, "order")], 0) };
    case "order_removed":
      return { id, at, instance, type, orderId: need(f, "id"), pair: need(f, "pair") };
    case "order_cancelled":
      return {
        id,
        at,
        instance,
        type,
        order: orderFromReply([need(f, "order")], 0),
        signalReleased: f.signal_released === "1",
        ...(f.trade && { trade: tradeFromJson(f.trade) }),
        ...until(f, "cooldown_until"),
        ...(f.day !== undefined && { risk: risk(f) }),
      };
    case "entry_admitted":
      return {
        id,
        at,
        instance,
        type,
        signalId: need(f, "signal_id"),
        pair: need(f, "pair"),
        side: side(need(f, "side")),
        order: orderFromReply([need(f, "order")], 0),
        ...until(f, "cooldown_until"),
      };
    case "fill_recorded":
      return {
        id,
        at,
        instance,
        type,
        orderId: need(f, "order_id"),
        fillId: need(f, "fill_id"),
        price: Number(need(f, "price")),
        size: Number(need(f, "size")),
        ...fees(need(f, "fee")),
        ts: time(f, "ts"),
        pnl: Number(need(f, "pnl")),
        order: orderFromReply([need(f, "order")], 0),
        positionId: need(f, "position_id"),
        ...(f.position && { position: positionFromReply([f.position], 0) }),
        ...until(f, "cooldown_until"),
        ...(f.others && { others: others(f.others) }),
        ...(f.trades && { trades: tradesFromJson(f.trades) }),
        ...(f.amendments && { later: later(f.amendments) }),
        ...(f.dust_sold && { dustSold: Number(f.dust_sold) }),
        ...(f.over && { over: Number(f.over) }),
        ...(f.rate && { rate: Number(f.rate) }),
        ...(f.unpriced && { unpriced: unpricedView(f.unpriced) }),
        ...(f.signal_marked && { signalMarked: f.signal_marked }),
        risk: risk(f),
      };
    case "pnl_booked":
      return {
        id,
        at,
        instance,
        type,
        pnl: Number(need(f, "pnl")),
        ...(f.trade_id && { tradeId: f.trade_id }),
        ...(f.position && { position: positionFromReply([f.position], 0) }),
        risk: risk(f),
      };
    case "equity_updated":
      return { id, at, instance, type, risk: risk(f) };
    case "cash_booked":
      return {
        id,
        at,
        instance,
        type,
        cashId: need(f, "id"),
        kind: cashKind(need(f, "kind")),
        amount: Number(need(f, "amount")),
        ...(f.currency && { currency: f.currency }),
        ...(f.rate && { rate: Number(f.rate) }),
        ...(f.pair && { pair: f.pair }),
        ...(f.position_id && { positionId: f.position_id }),
        to: cashPlace(need(f, "to")),
        ts: time(f, "ts"),
        ...(f.note && { note: f.note }),
        pnl: Number(need(f, "pnl")),
        ...(f.position && { position: positionFromReply([f.position], 0) }),
        ...(f.amends && { amends: f.amends }),
        ...(f.seen && { seen: f.seen }),
        risk: risk(f),
      };
    case "transfer_recorded":
      return {
        id,
        at,
        instance,
        type,
        transferId: need(f, "id"),
        amount: Number(need(f, "amount")),
        ...(f.currency && { currency: f.currency }),
        ...(f.rate && { rate: Number(f.rate) }),
        ts: time(f, "ts"),
        risk: risk(f),
      };
    case "equity_started":
      return { id, at, instance, type, startingEquity: Number(need(f, "starting_equity")), risk: risk(f) };
    case "limits_set":
      return {
        id,
        at,
        instance,
        type,
        limits: limits(f),
        ...limitSetter(f.by),
        ...(f.returned && { returned: RISK_LIMITS.filter((name) => f.returned?.split(" ").includes(name)) }),
        tripped: f.tripped === "1",
        ...(f.breaker_reason !== undefined && { breaker: breaker(f) }),
      };
    case "currency_set":
      return {
        id,
        at,
        instance,
        type,
        ...(f.currency && { currency: f.currency }),
        sameCurrency: f.same_currency ? f.same_currency.split(" ") : [],
      };
    case "guards_set":
      return { id, at, instance, type, guards: guardsIn(need(f, "guards")), before: guardsIn(need(f, "before")) };
    case "breaker_tripped":
      return { id, at, instance, type, breaker: breaker(f) };
    case "breaker_reset":
      return {
        id,
        at,
        instance,
        type,
        ...(f.reason && { reason: f.reason }),
        ...(f.consecutive_losses !== undefined && { consecutiveLosses: Number(f.consecutive_losses) }),
        ...(f.peak_equity !== undefined && { peakEquity: Number(f.peak_equity), currentDrawdown: 0 }),
      };
    case "signal_processed":
      return { id, at, instance, type, signalId: need(f, "signal_id"), pair: need(f, "pair"), ts: time(f, "ts") };
    case "cooldown_set":
      return {
        id,
        at,
        instance,
        type,
        cooldown: need(f, "cooldown"),
        until: time(f, "until"),
        ...(f.reason && { reason: f.reason }),
      };
    case "cooldown_cleared":
      return { id, at, instance, type, pair: need(f, "pair"), ...(f.side && { side: side(f.side) }) };
    case "lease_acquired":
      return {
        id,
        at,
        instance,
        type,
        token: Number(need(f, "token")),
        holder: need(f, "holder"),
        until: time(f, "until"),
      };
    case "lease_released":
      return {
        id,
        at,
        instance,
        type,
        token: Number(need(f, "token")),
        holder: need(f, "holder"),
        ...(f.reason && { reason: f.reason }),
      };
    case "recovery_begun":
      return { id, at, instance, type, recoveryId: Number(need(f, "id")), reason: need(f, "reason") };
    case "recovery_approved":
      return { id, at, instance, type, recoveryId: Number(need(f, "id")), hash: need(f, "hash") };
    case "recovery_ended":
      return { id, at, instance, type, ...(f.reason && { reason: f.reason }) };
    case "account_joined":
      return { id, at, instance, type, account: need(f, "account"), flowId: need(f, "flow") };
    case "account_left":
      return {
        id,
        at,
        instance,
        type,
        account: need(f, "account"),
        flowId: need(f, "flow"),
        ...(f.lost && { lost: true }),
      };
    case "account_limits_set":
      return {
        id,
        at,
        instance,
        type,
        account: need(f, "account"),
        limits: accountLimits(f),
        ...(f.breaker_duration && { breakerDuration: durationOf(f.breaker_duration) }),
        ...limitSetter(f.by),
        ...(f.returned && { returned: ACCOUNT_LIMITS.filter((name) => f.returned?.split(" ").includes(name)) }),
      };
    case "account_breaker_tripped":
    case "account_breaker_extended":
      return {
        id,
        at,
        instance,
        type,
        account: need(f, "account"),
        ...(f.flow && { flowId: f.flow }),
        breaker: breaker(f),
      };
    case "account_breaker_reset":
      return { id, at, instance, type, account: need(f, "account"), ...(f.reason && { reason: f.reason }) };
    case "difference_found":
      return {
        id,
        at,
        instance,
        type,
        subject: need(f, "subject"),
        found: need(f, "found"),
        reads: Number(need(f, "reads")),
      };
    default:
      throw new TypeError(`event ${id} has a type that this version does not know: ${JSON.stringify(type)}`);
  }
}

function need(f: Fields, name: string): string {
  const value = f[name];
  if (value === undefined) throw new TypeError(`an event lacks its field ${name}`);
  return value;
}

function time(f: Fields, name: string): Date {
  return new Date(Number(need(f, name)));
}

function until(f: Fields, name: string): { cooldownUntil?: Date } {
  return f[name] ? { cooldownUntil: time(f, name) } : {};
}

function side(value: string): PositionSide {
  return value === "short" ? "short" : "long";
}

function risk(f: Fields): EventRisk {
  return {
    day: need(f, "day"),
    dailyPnl: Number(need(f, "daily_pnl")),
    dailyTrades: Number(need(f, "daily_trades")),
    consecutiveLosses: Number(need(f, "consecutive_losses")),
    currentDrawdown: Number(need(f, "current_drawdown")),
    peakEquity: Number(need(f, "peak_equity")),
    ...(f.equity && { equity: Number(f.equity) }),
    ...(f.closed !== undefined && {
      parts: dayFromJson({
        day: need(f, "day"),
        pnl: need(f, "daily_pnl"),
        trades: Number(need(f, "daily_trades")),
        closed: f.closed,
        ...(f.later !== undefined && { later: f.later }),
        ...(f.cash !== undefined && { cash: f.cash }),
        ...(f.untied !== undefined && { untied: f.untied }),
      }).parts,
    }),
    ...(f.late && { late: lateDays(f.late) }),
    tripped: f.tripped === "1",
    ...(f.breaker_reason !== undefined && { breaker: breaker(f) }),
  };
}

function others(json: string): { positionId: string; size: number; pnl: number; position?: Position }[] {
  const all: { position_id: string; size: number; pnl: string; position?: unknown }[] = JSON.parse(json);
  return all.map(({ position_id, size, pnl, position }) => ({
    positionId: position_id,
    size,
    pnl: Number(pnl),
    ...(position !== undefined && { position: positionFromReply([JSON.stringify(position)], 0) }),
  }));
}

/** A plain number is in the pair's settle currency; fees with currencies of their own are listed. */
function fees(text: string): { fee: number; fees?: Fee[] } {
  if (!text.includes(" ")) return { fee: Number(text) };
  return {
    fee: 0,
    fees: feesFromText(text).map(({ amount, currency = "", rate }) => ({ amount, currency, ...(rate && { rate }) })),
  };
}

function later(json: string): { key: string; tradeId: string; pnl: number; explained: number }[] {
  const all: { key: string; trade_id: string; pnl: string; explained: number }[] = JSON.parse(json);
  return all.map(({ key, trade_id, pnl, explained }) => ({ key, tradeId: trade_id, pnl: Number(pnl), explained }));
}

function lateDays(json: string): DailyRisk[] {
  const days: DayJson[] = JSON.parse(json);
  return days.map(dayFromJson);
}

function breaker(f: Fields): CircuitBreaker {
  return {
    active: true,
    reason: need(f, "breaker_reason"),
    source: breakerSource(need(f, "breaker_source")),
    trippedAt: time(f, "breaker_tripped_at"),
    ...(f.breaker_until && { until: time(f, "breaker_until") }),
  };
}

function limitSetter(value: string | undefined): { by?: LimitSetter } {
  const by = wordOf(LIMIT_SETTERS, value);
  return by === undefined ? {} : { by };
}

function accountLimits(f: Fields): { [name in AccountLimitName]?: number | null } {
  const changed: { [name in AccountLimitName]?: number | null } = {};
  for (const name of ACCOUNT_LIMITS) {
    const value = f[name];
    if (value !== undefined) changed[name] = value === "" ? null : Number(value);
  }
  return changed;
}

function limits(f: Fields): { [name in RiskLimitName]?: number | null } {
  const changed: { [name in RiskLimitName]?: number | null } = {};
  for (const name of RISK_LIMITS) {
    const value = f[name];
    if (value !== undefined) changed[name] = value === "" ? null : Number(value);
  }
  return changed;
}
