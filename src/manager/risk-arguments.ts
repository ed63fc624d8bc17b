/** Results, limits and breakers as callers give them, made the arguments of operations. */
import type { Duration } from "../config/duration.js";
import type { RiskLimitName } from "../config/risk-limits.js";
import type { ResolvedConfig } from "../config/schema.js";
import type { RiskPolicy } from "../state/breaker.js";
import type { Time } from "../types.js";
import * as check from "./check.js";

/** How a flow counts its days, and for how long its breaker blocks entries. */
export function policyOf({ day_start, breaker_duration }: ResolvedConfig["risk"]): RiskPolicy {
  return { dayStart: dayStartMs(day_start), breakerDuration: breaker_duration };
}

function dayStartMs(dayStart: string): number {
  const [hours, minutes] = dayStart.split(":").map(Number);
  return ((hours ?? 0) * 60 + (minutes ?? 0)) * 60_000;
}

export function pnlArguments(pnlChange: number, options: { tradeId?: string; equity?: number; ts?: Time }) {
  const o = check.fields("options", options, ["tradeId", "equity", "ts"]);
  return {
    pnl: check.money("pnlChange", pnlChange),
    tradeId: check.optionalId("tradeId", o.tradeId),
    ts: check.optionalTime("ts", o.ts),
    equity: check.optionalEquity("equity", o.equity),
  };
}

export function breakerArguments(
  reason: string,
  options: { duration?: Duration | "until_day_end" | "until_reset" },
  policy: RiskPolicy,
) {
  const { duration } = check.fields("options", options, ["duration"]);
  return {
    reason: check.words("reason", check.id("reason", reason)),
    dayStart: policy.dayStart,
    breakerDuration: duration === undefined ? policy.breakerDuration : check.breakerDuration("duration", duration),
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
