import type { RiskLimitName } from "../config/risk-limits.js";
import { formatMoney, toMoney } from "../exact/money.js";

const MONEY: readonly RiskLimitName[] = ["max_daily_loss", "max_exposure"];

/** A limit as it is stored; empty where there is none. */
export function limitText(name: RiskLimitName, limit: number | null): string {
  if (limit === null) return "";
  return MONEY.includes(name) ? formatMoney(toMoney(limit) ?? 0n) : String(limit);
}
