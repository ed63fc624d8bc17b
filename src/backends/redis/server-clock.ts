import type { Moment } from "./moment.js";

/** A reading of the server's clock, to find out later whether the clock jumped. */
export class ServerClock {
  #shown: { readonly at: number; readonly seen: Moment } | undefined;

  /** Notes a reply to TIME, which was asked for at that moment. */
  see(time: unknown, seen: Moment): void {
    const at = millisecondsOf(time);
    if (at !== undefined) this.#shown = { at, seen };
  }

  /** How far the clock has jumped ahead since the last reading, ms, by this reply to TIME; 0 without an earlier reading. */
  jumped(time: unknown, now: Moment): number {
    const at = millisecondsOf(time);
    if (!this.#shown || at === undefined) return 0;
    const { running, wall } = this.#shown.seen;
    return at - this.#shown.at - Math.max(now.running - running, now.wall - wall);
  }
}

/** TIME replies with seconds and microseconds. */
function millisecondsOf(time: unknown): number | undefined {
  const [seconds, micros] = Array.isArray(time) ? time.map(Number) : [];
  if (seconds === undefined || micros === undefined || Number.isNaN(seconds + micros)) return undefined;
  return seconds * 1_000 + Math.floor(micros / 1_000);
}
