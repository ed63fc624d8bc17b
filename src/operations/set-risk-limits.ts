import type { RiskLimitName, RiskLimits } from "../config/risk-limits.js";
import { limitText } from "../layout/limit-text.js";
import type { LimitOriginRow } from "../records/limit-origin.js";
import { type BreakerDuration, breakerUntil, decideTrip } from "../state/breaker.js";
import type { FlowState } from "../state/flow-state.js";
import { reachedLimit, riskAt } from "../state/risk.js";
import type { BreakerSource, RiskLimitOrigins } from "../types.js";
import { type Operation, texts } from "./operation.js";
import { limitsView, originsView } from "./view-limits.js";
import { breakerEvent } from "./view-risk.js";

interface Args {
  /** A configuration at connect, a call, or a call that returns limits to their configuration. */
  readonly how: "connect" | "call" | "unset";
  readonly dayStart: number;
  readonly breakerDuration: BreakerDuration;
  /** null removes a limit. */
  readonly limits: readonly (readonly [RiskLimitName, number | null])[];
}

/** The limits that are in force, and who set them. */
export interface LimitsInForce {
  readonly limits: RiskLimits;
  readonly origins: RiskLimitOrigins;
}

/** The cause that a limit is for. */
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
    how: "connect = a configuration at connect; call; unset = a call that returns limits to their configuration",
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
    const by = how === "call" ? "call" : "config";
    const setter = { by, who: call.instance, at: call.now, held: null, held_who: null, held_at: null } as const;
    const changes = limits.flatMap(([name, limit]) => changeOf(state, how, name, limit, setter) ?? []);
    const among = new Set<BreakerSource | undefined>();
    for (const { name, limit } of changes) {
      const current = state.limits.get(name);
      if (limit !== null && (current === undefined || limit < current)) among.add(CAUSES[name]);
    }

    // The cause is looked for among the limits as they are set now.
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
        by,
        ...(returned.length > 0 && { returned: returned.map(({ name }) => name).join(" ") }),
        ...(trip?.breaker && { tripped: trip.tripped ? "1" : "0", ...breakerEvent(trip.breaker) }),
      }));
    }
    if (trip?.breaker) state.breaker.value = trip.breaker;

    return inForce(state.limits, state.limitsBy);
  },
};

type Origin = Omit<LimitOriginRow, "limit">;

interface Change {
  readonly name: RiskLimitName;
  readonly limit: number | null;
  /** null where there is no limit, or nobody is known to have set it. */
  readonly origin: Origin | null;
  /** Whether it is again what a call had set, or nobody is known to have set. */
  readonly isReturned?: boolean;
}

/**
 * What becomes of a limit; undefined: it stays. A call sets what differs in value or setter, a connect what is absent or was set by a
 * configuration. What a call set, or nobody is known to have set, a connect only makes tighter, and holds: a looser configuration
 * gives it back. What nobody is known to have set and is as configured, becomes the configuration's.
 */
function changeOf(
  state: FlowState,
  how: Args["how"],
  name: RiskLimitName,
  limit: number | null,
  setter: Origin,
): Change | undefined {
  const current = state.limits.get(name) ?? null;
  const stored = state.limitsBy.get(name);
  const set = { name, limit, origin: limit === null ? null : setter };
  if (how !== "connect") {
    const isSettled = limit === null || (stored?.by === setter.by && stored.held === null);
    return limit === current && isSettled ? undefined : set;
  }
  if (current === null) return limit === null ? undefined : set;
  if (stored?.by === "config") {
    const { held, held_who, held_at } = stored;
    if (held === null) return limit === current ? undefined : set;
    if (limit !== null && limit < Number(held)) {
      return limit === current ? undefined : { ...set, origin: { ...setter, held, held_who, held_at } };
    }
    if (held_who === null && limit === Number(held)) return set;
    const origin = held_who === null ? null : { ...setter, by: "call" as const, who: held_who, at: held_at ?? 0 };
    return { name, limit: Number(held), origin, isReturned: true };
  }
  if (limit === current) return stored === undefined ? set : undefined;
  if (limit === null || limit > current) return undefined;
  const held = { held: limitText(name, current), held_who: stored?.who ?? null, held_at: stored?.at ?? null };
  return { ...set, origin: { ...setter, ...held } };
}

function inForce(
  limits: { get(name: RiskLimitName): string | number | undefined },
  origins: { get(name: RiskLimitName): string | LimitOriginRow | undefined },
): LimitsInForce {
  return { limits: limitsView(limits), origins: originsView(limits, origins) };
}
