/** Risk limits as callers see them, in the order of the configuration table. */
import { RISK_LIMITS, type RiskLimitName, type RiskLimits } from "../config/risk-limits.js";
import { limitOriginRow } from "../layout/stored-records.js";
import type { LimitOriginRow } from "../records/limit-origin.js";
import type { RiskLimitOrigins } from "../types.js";

/** Limits by name, as the state has them or as texts. */
interface StoredLimits {
  get(name: RiskLimitName): string | number | undefined;
}

/** Who set them, by name, as the state has it or as JSON; empty where it is not known. */
interface StoredOrigins {
  get(name: RiskLimitName): string | LimitOriginRow | undefined;
}

export function limitsView(stored: StoredLimits): RiskLimits {
  const limits: RiskLimits = {};
  for (const name of RISK_LIMITS) {
    const value = stored.get(name);
    if (value !== undefined) limits[name] = Number(value);
  }
  return limits;
}

/** Every limit that is in force, with who set it, where that is known. */
export function originsView(limits: StoredLimits, stored: StoredOrigins): RiskLimitOrigins {
  const origins: RiskLimitOrigins = {};
  for (const name of RISK_LIMITS) {
    const value = limits.get(name);
    if (value === undefined) continue;
    const found = stored.get(name) || undefined;
    const row = typeof found === "string" ? limitOriginRow(name, found) : found;
    origins[name] = { value: Number(value), ...(row && { by: row.by, who: row.who, at: new Date(row.at) }) };
  }
  return origins;
}
