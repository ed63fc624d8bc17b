/** Risk limits as callers see them, in the order of the configuration table. */
import { RISK_LIMITS, type RiskLimitName, type RiskLimits } from "../config/risk-limits.js";

export function limitsView(stored: { get(name: RiskLimitName): string | number | undefined }): RiskLimits {
  const limits: RiskLimits = {};
  for (const name of RISK_LIMITS) {
    const value = stored.get(name);
    if (value !== undefined) limits[name] = Number(value);
  }
  return limits;
}
