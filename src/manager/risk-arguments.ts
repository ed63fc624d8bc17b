/** Turns callers' results, limits and breakers into arguments of operations. */
import type { BreakerDuration, Duration } from "../config/duration.js";
import type { RiskLimitName } from "../config/risk-limits.js";
import type { ResolvedConfig } from "../config/schema.js";
import type { RiskPolicy } from "../state/breaker.js";
import { dayStartOf } from "../state/day.js";
import type { CashInput, Time, TransferInput } from "../types.js";
import type { BreakerEnd } from "../words/word-lists.js";
import * as check from "./check.js";

/** The part of the configuration that the end of a trade needs. */
export interface TradePolicy extends RiskPolicy {
  /** Trades kept on Redis and in memory. */
  readonly maxTrades: number;
}

/** How a flow counts its days, and how long its breaker blocks entries. */
export function policyOf({ day_start, breaker_duration }: ResolvedConfig["risk"]): RiskPolicy {
  return { dayStart: dayStartOf(day_start), breakerDuration: breaker_duration };
}

// Calls that bots make often are written out: a spread of two objects costs more than all checks together.

/** How `updateDailyPnl` books: `pnlChange` is in the flow's currency, or in `currency` at `rate`. */
export interface PnlOptions {
  tradeId?: string;
  equity?: number;
  ts?: Time;
  currency?: string;
  rate?: number;
}

export function pnlArguments(pnlChange: number, options: PnlOptions, policy: RiskPolicy) {
  const o = check.fields("options", options, ["tradeId", "equity", "ts", "currency", "rate"]);
  return {
    pnl: check.amount("pnlChange", pnlChange),
    currency: check.optionalCurrency("currency", o.currency),
    rate: check.optionalRate("rate", o.rate),
    tradeId: check.idIfGiven("tradeId", o.tradeId),
    ts: check.optionalTime("ts", o.ts),
    equity: check.optionalEquity("equity", o.equity),
    dayStart: policy.dayStart,
    breakerDuration: policy.breakerDuration,
  };
}

const CASH_FIELDS = ["id", "kind", "pair", "positionId", "currency", "rate", "ts", "note"];

export function cashArguments(amount: number, cash: CashInput, policy: RiskPolicy) {
  const c = check.fields("cash", cash, CASH_FIELDS);
  const kind = check.cashKind("kind", c.kind);
  return {
    amount: check.cashAmount("amount", amount, kind),
    id: check.id("id", c.id),
    kind,
    pair: c.pair === undefined ? undefined : check.pair("pair", c.pair),
    positionId: check.idIfGiven("positionId", c.positionId),
    currency: check.optionalCurrency("currency", c.currency),
    rate: check.optionalRate("rate", c.rate),
    ts: check.optionalTime("ts", c.ts),
    note: check.words("note", c.note),
    ...policy,
  };
}

export function transferArguments(amount: number, transfer: TransferInput, { dayStart }: RiskPolicy) {
  const t = check.fields("transfer", transfer, ["id", "currency", "rate", "ts"]);
  return {
    amount: check.equity("amount", amount),
    id: check.id("id", t.id),
    currency: check.optionalCurrency("currency", t.currency),
    rate: check.optionalRate("rate", t.rate),
    ts: check.optionalTime("ts", t.ts),
    dayStart,
  };
}

/**
 * Which trades: those that ended from `from` (inclusive) to `to` (exclusive), after the one with the key `after`, at most `limit` (default 1,000, at most
 * 10,000).
 */
export interface TradesOptions {
  from?: Time;
  to?: Time;
  pair?: string;
  after?: string;
  limit?: number;
}

export function tradesArguments(options: TradesOptions) {
  const o = check.fields("options", options, ["from", "to", "pair", "after", "limit"]);
  return {
    from: check.optionalTime("from", o.from),
    to: check.optionalTime("to", o.to),
    pair: o.pair === undefined ? undefined : check.pair("pair", o.pair),
    after: o.after === undefined ? "" : check.eventId("after", o.after),
    limit: o.limit === undefined ? 1000 : Math.min(check.optionalCount("limit", o.limit), 10_000),
  };
}

type GivenDuration = Duration | BreakerEnd | { duration?: Duration | BreakerEnd } | undefined;

function durationGiven(given: GivenDuration): BreakerDuration | undefined {
  const duration =
    typeof given === "object" && given !== null && !check.isValue(given)
      ? check.fields("options", given, ["duration"]).duration
      : given;
  return duration === undefined ? undefined : check.breakerDuration("duration", duration);
}

/** If no duration is given, the account's own is used. */
export function accountBreakerArguments(reason: string, given: GivenDuration) {
  return { reason: check.reason("reason", reason), duration: durationGiven(given) };
}

export function breakerArguments(reason: string, given: GivenDuration, policy: RiskPolicy) {
  return {
    reason: check.reason("reason", reason),
    dayStart: policy.dayStart,
    breakerDuration: durationGiven(given) ?? policy.breakerDuration,
  };
}

export function currencyArguments(currency: string | undefined, sameCurrency: readonly string[]) {
  return {
    currency: currency === undefined ? "" : check.currency("currency", currency),
    sameCurrency: check.list("sameCurrency", sameCurrency, check.currency).join(" "),
  };
}

export function limitEntries(
  limits: { [name in RiskLimitName]?: number | null | undefined },
): [RiskLimitName, number | null][] {
  const entries: [RiskLimitName, number | null][] = [];
  for (const name of Object.keys(limits) as RiskLimitName[]) {
    const limit = limits[name];
    if (limit !== undefined) entries.push([name, limit]);
  }
  return entries;
}
