/** A point in time on two clocks: the first stands still while the machine sleeps, the second may be set. */
export interface Moment {
  readonly running: number;
  readonly wall: number;
}

export function moment(): Moment {
  return { running: performance.now(), wall: Date.now() };
}

/** How long ago it was at most, ms. */
export function elapsed(since: Moment): number {
  return Math.max(performance.now() - since.running, Date.now() - since.wall);
}

/** Redis remembers an answer for ten minutes after the call (`answer` in `lua/shared/change.lua`); rely on it no longer than this, ms. */
export const ANSWER_MEMORY = 9 * 60_000;

/** As long as they are kept there since the last call, ms. */
export const ANSWERS_KEPT = 20 * 60_000;
