/** Limits of a flow and of an account as callers see them, in the order of the configuration table. */
import { ACCOUNT_LIMITS, type AccountLimitName, type AccountLimits } from "../config/account.js";
import { RISK_LIMITS, type RiskLimitName, type RiskLimits } from "../config/risk-limits.js";
import { limitOriginRow } from "../layout/stored-records.js";
import type { LimitOriginRow } from "../records/limit-origin.js";
import type { AccountLimitOrigins, RiskLimitOrigin, RiskLimitOrigins } from "../types.js";

/** Limits by name, from the state or as texts. */
interface StoredLimits<Name extends RiskLimitName = RiskLimitName> {
  get(name: Name): string | number | undefined;
}

/** Who set each limit, by name, from the state or as JSON; empty if it is not known. */
interface StoredOrigins<Name extends RiskLimitName = RiskLimitName> {
  get(name: Name): string | LimitOriginRow | undefined;
}

export function limitsView(stored: StoredLimits): RiskLimits {
  return limitsOf(RISK_LIMITS, stored);
}

export function accountLimits(stored: StoredLimits<AccountLimitName>): AccountLimits {
  return limitsOf(ACCOUNT_LIMITS, stored);
}

/** Every limit in force, with who set it, if that is known. */
export function originsView(limits: StoredLimits, stored: StoredOrigins): RiskLimitOrigins {
  return originsOf(RISK_LIMITS, limits, stored);
}

export function accountOrigins(
  limits: StoredLimits<AccountLimitName>,
  stored: StoredOrigins<AccountLimitName>,
): AccountLimitOrigins {
  return originsOf(ACCOUNT_LIMITS, limits, stored);
}

function limitsOf<Name extends RiskLimitName>(
  names: readonly Name[],
  stored: StoredLimits<Name>,
): { [name in Name]?: number } {
  const limits: { [name in Name]?: number } = {};
  for (const name of names) {
    const value = stored.get(name);
    if (value !== undefined) limits[name] = Number(value);
  }
  return limits;
}

function originsOf<Name extends RiskLimitName>(
  names: readonly Name[],
  limits: StoredLimits<Name>,
  stored: StoredOrigins<Name>,
): { [name in Name]?: RiskLimitOrigin } {
  const origins: { [name in Name]?: RiskLimitOrigin } = {};
  for (const name of names) {
    const value = limits.get(name);
    if (value === undefined) continue;
    const found = stored.get(name) || undefined;
    const row = typeof found === "string" ? limitOriginRow(name, found) : found;
    origins[name] = { value: Number(value), ...(row && { by: row.by, who: row.who, at: new Date(row.at) }) };
  }
  return origins;
}
