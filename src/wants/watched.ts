import type { Duration } from "../config/duration.js";
import type { RiskLimits } from "../config/risk-limits.js";
import type { ResolvedConfig } from "../config/schema.js";

/** What is looked for in a flow. */
export interface Watched {
  /** If the heartbeat is older than this, ms, the flow is stale. */
  readonly maxAge: number;
  /** Whether a flow without any heartbeat is stale, too. */
  readonly mustBeat: boolean;
  /** `execution.dead_after`, ms. */
  readonly deadAfter: number;
  /** The configured risk limits. */
  readonly limits: RiskLimits;
}

/** What the configuration says should be looked for; `maxAge` replaces `recovery.max_state_age`. */
export function watchedOf({ recovery, execution, risk }: ResolvedConfig, maxAge?: Duration): Watched {
  return {
    maxAge: Number(maxAge ?? recovery.max_state_age),
    mustBeat: maxAge !== undefined,
    deadAfter: execution.dead_after,
    limits: risk,
  };
}
