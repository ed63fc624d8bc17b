/** Limits of the flow that differ from the configuration, with who set them. */
import { RISK_LIMITS, type RiskLimits } from "../config/risk-limits.js";
import type { RiskLimitOrigins } from "../types.js";
import { time } from "../words/in-words.js";

/** One sentence for each. A limit that is not configured never differs. */
export function differingLimits(configured: RiskLimits, origins: RiskLimitOrigins): string[] {
  return RISK_LIMITS.flatMap((name) => {
    const wanted = configured[name];
    const stands = origins[name];
    if (wanted === undefined || stands?.value === wanted) return [];
    if (!stands)
      return [`${name} is not set in the flow, and ${wanted} in the configuration: no bot has connected with it`];
    const { value, by, who, at } = stands;
    const setter = by === "config" ? "the configuration" : "a call";
    const set = by === undefined || who === undefined || !at ? "" : `, set by ${setter} of ${who} at ${time(at)} UTC`;
    return [`${name} is ${value} in the flow${set}, and ${wanted} in the configuration`];
  });
}
