import type { BreakerDuration } from "../config/duration.js";
import type { RiskLimitName, RiskLimits } from "../config/risk-limits.js";
import { limitText } from "../layout/limit-text.js";
import type { LimitOriginRow } from "../records/limit-origin.js";
import { breakerUntil, decideTrip } from "../state/breaker.js";
import { HOW_SET_WORDS, type HowSet, limitChange, limitSetter } from "../state/limit-change.js";
import { reachedLimit, riskAt } from "../state/risk.js";
import type { BreakerSource, RiskLimitOrigins } from "../types.js";
import { type Operation, texts } from "./operation.js";
import { limitsView, originsView } from "./view-limits.js";
import { breakerEvent } from "./view-risk.js";

interface Args {
  readonly how: HowSet;
  readonly dayStart: number;
  readonly breakerDuration: BreakerDuration;
  /** null removes a limit. */
  readonly limits: readonly (readonly [RiskLimitName, number | null])[];
}

/** The limits in force, and who set them. */
export interface LimitsInForce {
  readonly limits: RiskLimits;
  readonly origins: RiskLimitOrigins;
}

/** The cause that belongs to a limit. */
const CAUSES: { readonly [name in RiskLimitName]?: BreakerSource } = {
  max_daily_loss: "daily_loss",
  max_consecutive_losses: "consecutive_losses",
  max_drawdown: "drawdown",
};

export const setRiskLimits: Operation<Args, LimitsInForce> = {
  name: "set_risk_limits",
  kind: "change",
  keys: ["risk:limits", "risk:limits_by", "risk:daily", "risk:circuit_breaker"],
  args: {
    how: (a) => a.how,
    day_start: (a) => a.dayStart,
    breaker_duration: (a) => a.breakerDuration,
  },
  words: {
    how: HOW_SET_WORDS,
  },
  rest: {
    name: "limits",
    values: ({ limits }) => limits.flatMap(([name, limit]) => [name, limitText(name, limit)]),
  },
  decode(reply) {
    const [limits, origins] = [new Map<string, string>(), new Map<string, string>()];
    const told = texts(reply, 1);
    for (let at = 0; at < told.length; at += 3) {
      const name = told[at] ?? "";
      limits.set(name, told[at + 1] ?? "");
      origins.set(name, told[at + 2] ?? "");
    }
    return inForce(limits, origins);
  },
  apply(state, { how, dayStart, breakerDuration, limits }, call) {
    const setter = limitSetter(how, call);
    const changes = limits.flatMap(([name, limit]) => {
      const current = state.limits.get(name) ?? null;
      const standing = { current, text: limitText(name, current), stored: state.limitsBy.get(name) };
      return limitChange(how, name, limit, standing, setter) ?? [];
    });
    const among = new Set<BreakerSource | undefined>();
    for (const { name, limit } of changes) {
      const current = state.limits.get(name);
      if (limit !== null && (current === undefined || limit < current)) among.add(CAUSES[name]);
    }

    // The breaker's cause is looked for after all limits are set.
    for (const { name, limit, origin } of changes) {
      if (limit === null) state.limits.delete(name);
      else state.limits.set(name, limit);
      if (origin === null) state.limitsBy.delete(name);
      else state.limitsBy.set(name, { limit: name, ...origin });
    }
    const risk = riskAt(state, call.now, dayStart);
    const cause = reachedLimit(state, risk, (source) => among.has(source));
    const until = breakerUntil(call.now, { dayStart, breakerDuration }, risk.day);
    const trip = cause && decideTrip(state, call.now, cause.source, cause.reason, until);
    const returned = changes.filter(({ isReturned }) => isReturned);
    if (changes.length > 0) {
      state.emit(call, "limits_set", () => ({
        ...Object.fromEntries(changes.map(({ name, limit }) => [name, limitText(name, limit)])),
        by: setter.by,
        ...(returned.length > 0 && { returned: returned.map(({ name }) => name).join(" ") }),
        ...(trip?.breaker && { tripped: trip.tripped ? "1" : "0", ...breakerEvent(trip.breaker) }),
      }));
    }
    if (trip?.breaker) state.breaker.value = trip.breaker;

    return inForce(state.limits, state.limitsBy);
  },
};

function inForce(
  limits: { get(name: RiskLimitName): string | number | undefined },
  origins: { get(name: RiskLimitName): string | LimitOriginRow | undefined },
): LimitsInForce {
  return { limits: limitsView(limits), origins: originsView(limits, origins) };
}
