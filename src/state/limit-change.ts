/** Who set a limit, and what setting it changes; for flows and for accounts. Lua twin: `lua/shared/limit_change.lua`. */
import type { RiskLimitName } from "../config/risk-limits.js";
import type { LimitOriginRow } from "../records/limit-origin.js";

/** A limit is set by a configuration at connect, by a call, or by a call that gives limits back to their configuration. */
export type HowSet = "connect" | "call" | "unset";

export const HOW_SET_WORDS =
  "connect = a configuration at connect; call; unset = a call that returns limits to their configuration";

export type LimitOrigin = Omit<LimitOriginRow, "limit">;

export interface LimitChange<Name extends RiskLimitName> {
  readonly name: Name;
  readonly limit: number | null;
  /** null: there is no limit, or it is not known who set it. */
  readonly origin: LimitOrigin | null;
  /** Whether the limit goes back to what a call had set, or to one whose setter is not known. */
  readonly isReturned?: boolean;
}

/** A limit in force as it is stored; null if there is none. */
export interface StandingLimit {
  readonly current: number | null;
  readonly text: string | null;
  readonly stored: LimitOrigin | undefined;
}

/** This instance, as the one that sets limits now. */
export function limitSetter(how: HowSet, { instance, now }: { instance: string; now: number }): LimitOrigin {
  return { by: how === "call" ? "call" : "config", who: instance, at: now, held: null, held_who: null, held_at: null };
}

/**
 * The change of a limit; undefined: there is none. A call sets each limit whose value or setter differs. A connect sets a limit that is absent or was set
 * by a configuration. If a call set it, or the setter is not known, a connect only makes it tighter and remembers the old value: a looser configuration
 * brings that back. A limit without a known setter that equals the configured one becomes the configuration's.
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
