/** Reads a paged history to its end, whichever way the exchange pages. */
import type { RawRow } from "./language/dialect.js";
import { Unreadable } from "./language/row.js";

/** Enough for any history that a bot looks back on. More pages mean that the exchange goes in circles. */
const MAX_PAGES = 1_000;

export interface Page<T> {
  readonly rows: readonly T[];
  /** Every row of the answer, if ccxt leaves some out: only these show whether a page was full. */
  readonly raw?: readonly RawRow[];
}

export interface History<T> {
  /** One page of what happened from `since` to `until` (ms, both inclusive; absent: up to now). */
  readonly page: (since: number, until: number | undefined) => Promise<Page<T>>;
  readonly since: number;
  readonly now: number;
  /** The longest span that the exchange answers at once, ms. */
  readonly window: number;
  /** The page size that was asked for. */
  readonly limit: number;
  readonly key: (row: T) => string;
  readonly time: (row: T) => number;
}

interface Step {
  readonly count: number;
  readonly fresh: number;
  readonly oldest: number;
  readonly newest: number;
}

/**
 * Everything since that time, oldest first, each row once. Some exchanges return the oldest rows of a span first, some the newest; some look at no more
 * than a day; some ignore `since`. So every span is read forwards from its newest row, and every page backwards from its oldest, until nothing new comes.
 */
export async function everySince<T>({ page, since, now, window, limit, key, time }: History<T>): Promise<T[]> {
  const found = new Map<string, T>();
  const seen = new Set<string>();
  let pages = 0;

  async function take(from: number, until: number | undefined): Promise<Step> {
    pages += 1;
    if (pages > MAX_PAGES) {
      throw new Unreadable(`${MAX_PAGES} pages since ${new Date(since).toISOString()}, and still not at the end`);
    }
    const { rows, raw = rows.map((row) => ({ id: key(row), at: time(row) })) } = await page(from, until);
    for (const row of rows) found.set(key(row), row);
    const before = seen.size;
    for (const { id } of raw) seen.add(id);
    const times = raw.map(({ at }) => at);
    const step = {
      count: raw.length,
      fresh: seen.size - before,
      oldest: times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
      newest: times.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    };
    if (step.fresh === 0 && step.count >= limit && step.oldest === step.newest) {
      throw new Unreadable(`a whole page of one millisecond (${step.newest}): what follows it cannot be asked for`);
    }
    return step;
  }

  async function walk(from: number, until: number | undefined): Promise<void> {
    const steps: (Step & { readonly start: number })[] = [];
    let start = from;
    for (;;) {
      const step = await take(start, until);
      if (step.fresh === 0) break;
      steps.push({ ...step, start });
      start = Math.max(step.newest, start);
    }
    for (const step of steps) await walkBack(step, step.start, step !== steps.at(-1));
  }

  /** Reads between the start of a page and its oldest row: there is more if the exchange returns the newest rows first. */
  async function walkBack(page: Step, start: number, wentOn: boolean): Promise<void> {
    let edge = page.oldest;
    while (edge > start) {
      const step = await take(start, edge);
      if (step.fresh > 0) {
        edge = step.oldest;
        continue;
      }
      if (step.newest > edge && page.count >= limit && !wentOn) {
        throw new Unreadable(`a full page of ${page.count} rows, and nothing older can be asked for`);
      }
      return;
    }
  }

  // Asks even if this clock is behind the exchange's.
  const end = Math.max(now, since);
  for (let from = since; from <= end; from += window)
    await walk(from, from + window >= end ? undefined : from + window);
  return [...found.values()].filter((row) => time(row) >= since).sort((a, b) => time(a) - time(b));
}
