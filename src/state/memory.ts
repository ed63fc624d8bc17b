/** Remembered ids, limited by age in ms and by number. Lua twin: `lua/shared/memory.lua`. */
import { InvalidArgumentError } from "../errors.js";
import type { Ranking } from "./ranking.js";

/** Ids of trades (of `updateDailyPnl`), fills, cash and transfers are remembered for 30 days, the newest 100,000 of each. */
export const TRADE_MEMORY = { window: 30 * 86_400_000, max: 100_000 } as const;

/** The name under which a fill is remembered. */
export const fillKey = (orderId: string, fillId: string) => pairKey(orderId, fillId);

/**
 * Joins two ids to one. The first
 *
 * separates them.
 */
export function pairKey(first: string, second: string): string {
  const plain = first.includes("|") || first.includes("%") ? first.replace(/[%|]/g, encodeURIComponent) : first;
  return `${plain}|${second}`;
}

/** The time from which remembered fills belong to an order that is new now: later than every remembered fill. */
export function fillsSince(fills: Ranking): number | undefined {
  const newest = fills.newestScore();
  return newest === undefined ? undefined : newest + 1;
}

export function remembers(ids: Ranking, id: string, now: number, window: number, since = 0): boolean {
  const at = ids.get(id);
  return at !== undefined && at > now - window && at >= since;
}

/** A booking from before ids are remembered may have been booked and forgotten: it is refused. */
export function checkRemembered(ts: number | undefined, now: number, window: number): void {
  if (ts === undefined || ts > now - window) return;
  throw new InvalidArgumentError(
    `ts: expected a time after ${now - window}, since older ids are forgotten and it might be booked twice, got ${ts}; without an id it is booked each time`,
  );
}

/** Ids older than the window are removed once in this many new ids. */
const TIDY_EVERY = 16;

/**
 * Remembers `id`, not before `since`. `forgotten` is called for each id that is forgotten. The newest ids stay: even if the clock steps back, a new id is
 * never the first to go.
 */
export function remember(
  ids: Ranking,
  id: string,
  now: number,
  window: number,
  max: number,
  since = 0,
  forgotten: (id: string) => void = () => {},
): void {
  const count = ids.size;
  const at = Math.max(now, since, ids.newestScore() ?? now);
  forgetOldest(ids, count - max + 1, forgotten);
  if (count % TIDY_EVERY === 0) forgetBefore(ids, now - window, forgotten);
  ids.set(id, at);
}

function forgetOldest(ids: Ranking, count: number, forgotten: (id: string) => void): void {
  for (let left = count; left > 0; left--) {
    const old = ids.oldest();
    if (!old) return;
    ids.delete(old.id);
    forgotten(old.id);
  }
}

/** Forgets all ids that are as old as `time`. */
function forgetBefore(ids: Ranking, time: number, forgotten: (id: string) => void): void {
  for (let old = ids.oldest(); old && old.score <= time; old = ids.oldest()) {
    ids.delete(old.id);
    forgotten(old.id);
  }
}
