import type { Duration } from "../config/duration.js";
import type { RiskLimits } from "../config/risk-limits.js";
import type { ResolvedConfig } from "../config/schema.js";

/** What a flow is looked at for. */
export interface Watched {
  /** A heartbeat that is older makes the flow stale, ms. */
  readonly maxAge: number;
  /** Whether none at all does, too. */
  readonly mustBeat: boolean;
  /** `execution.dead_after`, ms. */
  readonly deadAfter: number;
  /** The configured risk limits. */
  readonly limits: RiskLimits;
}

/** What the configuration says a flow is looked at for; `maxAge` in place of `recovery.max_state_age`. */
export function watchedOf({ recovery, execution, risk }: ResolvedConfig, maxAge?: Duration): Watched {
  return {
    maxAge: Number(maxAge ?? recovery.max_state_age),
    mustBeat: maxAge !== undefined,
    deadAfter: execution.dead_after,
    limits: risk,
  };
}
