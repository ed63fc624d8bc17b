import { RISK_LIMITS, type RiskLimitName } from "../config/risk-limits.js";
import { formatMoney, toMoney } from "../exact/money.js";

const MONEY: readonly RiskLimitName[] = ["max_daily_loss", "max_exposure"];

/** A limit as stored; empty if there is none. */
export function limitText(name: RiskLimitName, limit: number | null): string {
  if (limit === null) return "";
  return MONEY.includes(name) ? formatMoney(toMoney(limit) ?? 0n) : String(limit);
}

/** The limit of that name. Throws a TypeError if there is none. */
export function limitName(name: string): RiskLimitName {
  const known = RISK_LIMITS.find((each) => each === name);
  if (known === undefined) throw new TypeError("this version knows no such limit");
  return known;
}
