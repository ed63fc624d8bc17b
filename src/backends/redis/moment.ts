/** A point in time on two clocks: the first stands still while the machine sleeps, the second can be set by hand. */
export interface Moment {
  readonly running: number;
  readonly wall: number;
}

export function moment(): Moment {
  return { running: performance.now(), wall: Date.now() };
}

/** The longest time that can have passed since then, ms. */
export function elapsed(since: Moment): number {
  return Math.max(performance.now() - since.running, Date.now() - since.wall);
}

/** Redis remembers an answer for ten minutes after the call (`answer` in `lua/shared/change.lua`); rely on it no longer than this, ms. */
export const ANSWER_MEMORY = 9 * 60_000;

/** How long Redis keeps them at most after the last call, ms. */
export const ANSWERS_KEPT = 20 * 60_000;
