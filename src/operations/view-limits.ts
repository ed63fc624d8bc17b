/** Risk limits as callers see them, in the order of the configuration table. */
import { RISK_LIMITS, type RiskLimitName, type RiskLimits } from "../config/risk-limits.js";
import { formatMoney, toMoney } from "../exact/money.js";

export function limitsView(stored: { get(name: RiskLimitName): string | number | undefined }): RiskLimits {
  const limits: RiskLimits = {};
  for (const name of RISK_LIMITS) {
    const value = stored.get(name);
    if (value !== undefined) limits[name] = Number(value);
  }
  return limits;
}

const MONEY: readonly RiskLimitName[] = ["max_daily_loss", "max_exposure"];

/** A limit as it is stored; empty where there is none. */
export function limitText(name: RiskLimitName, limit: number | null): string {
  if (limit === null) return "";
  return MONEY.includes(name) ? formatMoney(toMoney(limit) ?? 0n) : String(limit);
}
