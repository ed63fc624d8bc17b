/** Whose a limit is, and what setting it does; of a flow, and of an account. Lua twin: `lua/shared/limit_change.lua`. */
import type { RiskLimitName } from "../config/risk-limits.js";
import type { LimitOriginRow } from "../records/limit-origin.js";

/** A configuration at connect, a call, or a call that returns limits to their configuration. */
export type HowSet = "connect" | "call" | "unset";

export const HOW_SET_WORDS =
  "connect = a configuration at connect; call; unset = a call that returns limits to their configuration";

export type LimitOrigin = Omit<LimitOriginRow, "limit">;

export interface LimitChange<Name extends RiskLimitName> {
  readonly name: Name;
  readonly limit: number | null;
  /** null where there is no limit, or nobody is known to have set it. */
  readonly origin: LimitOrigin | null;
  /** Whether it is again what a call had set, or nobody is known to have set. */
  readonly isReturned?: boolean;
}

/** A limit as it stands, and as it is stored; null where there is none. */
export interface StandingLimit {
  readonly current: number | null;
  readonly text: string | null;
  readonly stored: LimitOrigin | undefined;
}

/** Who sets limits by a call of this instance, now. */
export function limitSetter(how: HowSet, { instance, now }: { instance: string; now: number }): LimitOrigin {
  return { by: how === "call" ? "call" : "config", who: instance, at: now, held: null, held_who: null, held_at: null };
}

/**
 * What becomes of a limit; undefined: it stays. A call sets what differs in value or setter, a connect what is absent or was set by a
 * configuration. What a call set, or nobody is known to have set, a connect only makes tighter, and holds: a looser configuration
 * gives it back. What nobody is known to have set and is as configured, becomes the configuration's.
 */
export function limitChange<Name extends RiskLimitName>(
  how: HowSet,
  name: Name,
  limit: number | null,
  { current, text, stored }: StandingLimit,
  setter: LimitOrigin,
): LimitChange<Name> | undefined {
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
  const held = { held: text, held_who: stored?.who ?? null, held_at: stored?.at ?? null };
  return { ...set, origin: { ...setter, ...held } };
}
