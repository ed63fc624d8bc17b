/**
 * The circuit breaker: whether it blocks entries now, and what trips it. Lua twins: `lua/shared/breaker.lua`,
 * `lua/shared/trip.lua`.
 */

import type { BreakerDuration } from "../config/duration.js";
import type { BreakerRow } from "../records/breaker.js";
import type { BreakerSource } from "../words/word-lists.js";
import { dayEnd } from "./day.js";
import type { FlowState } from "./flow-state.js";

/** The configuration that risk decisions need. */
export interface RiskPolicy {
  /** Start of the trading day, ms after midnight UTC. */
  readonly dayStart: number;
  readonly breakerDuration: BreakerDuration;
}

/** When a breaker ends that trips at `now` on the open day `day`; null: only by a reset. */
export function breakerUntil(now: number, { breakerDuration, dayStart }: RiskPolicy, day: string): number | null {
  return breakerEndsAt(now, breakerDuration, dayStart, day);
}

/** The same for an account, whose breaker has a duration of its own. */
export function breakerEndsAt(now: number, duration: BreakerDuration, dayStart: number, day: string): number | null {
  if (duration === "until_reset") return null;
  if (duration === "until_day_end") return dayEnd(day, dayStart);
  return now + duration;
}

/** The breaker, if it blocks entries at `now`. */
export function activeBreaker(state: FlowState, now: number): BreakerRow | undefined {
  const breaker = state.breaker.value;
  return breaker && (breaker.until === null || now < breaker.until) ? breaker : undefined;
}

/** Trips the breaker, or extends an active one. One that already lasts that long does not change. */
export function decideTrip(
  state: FlowState,
  now: number,
  source: BreakerSource,
  reason: string,
  until: number | null,
): BreakerChange {
  return longerTrip(activeBreaker(state, now), now, source, reason, until);
}

/** The change of a breaker: it trips, an active one holds longer, or (without `breaker`) nothing changes. */
export interface BreakerChange {
  readonly breaker?: BreakerRow;
  readonly tripped: boolean;
}

/** The same for any breaker that may be active. */
export function longerTrip(
  active: BreakerRow | undefined,
  now: number,
  source: BreakerSource,
  reason: string,
  until: number | null,
): BreakerChange {
  if (!active) return { breaker: { reason, source, tripped_at: now, until }, tripped: true };
  const longer = active.until !== null && (until === null || until > active.until);
  return longer
    ? { breaker: { reason, source, tripped_at: active.tripped_at, until }, tripped: false }
    : { tripped: false };
}
