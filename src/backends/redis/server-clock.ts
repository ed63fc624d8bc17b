import type { Moment } from "./moment.js";

/** What the server's clock showed once, to tell later whether it jumped. */
export class ServerClock {
  #shown: { readonly at: number; readonly seen: Moment } | undefined;

  /** Takes a reply to TIME, which was asked at that moment. */
  see(time: unknown, seen: Moment): void {
    const at = millisecondsOf(time);
    if (at !== undefined) this.#shown = { at, seen };
  }

  /** How far it jumped ahead since it was last seen, ms, by this reply to TIME; 0 where it was never seen. */
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
