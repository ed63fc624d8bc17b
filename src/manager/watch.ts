import { ConnectionError } from "../errors.js";
import type { EventPage } from "../operations/get-events.js";
import type { StateEvent } from "../types.js";
import * as check from "./check.js";

/** Where a watcher reads: pages of the log, and word of the next event. */
export interface EventSource {
  /** `told`: the reader was told of the event `after`. */
  page(after: string, limit: number, told: boolean): Promise<EventPage>;
  /** Resolves when there may be an event after this one, or the signal aborts. */
  eventAfter(id: string, signal: AbortSignal): Promise<void>;
  /** Throws a StateLostError once the state is known to have gone back. */
  check(): void;
  /** The state went back: the log does not know the event of which the reader was told. The error, or undefined where it may have been evicted. */
  unknown(after: string, newest: string): Error | undefined;
}

const PAGE = 500;

/** The newest event of a log that has none. */
export const EMPTY = "0-0";

/** The most events that are told at once. */
const MOST = 10_000;

/** The events after a place, at most `limit`; first a marker when some after that place may be gone. */
export async function eventsAfter(
  page: (after: string, limit: number) => Promise<EventPage>,
  options: { after?: string; limit?: number },
): Promise<StateEvent[]> {
  const o = check.fields("options", options, ["after", "limit"]);
  const after = o.after === undefined ? "" : check.eventId("after", o.after);
  const limit = o.limit === undefined ? 1000 : check.optionalCount("limit", o.limit);
  const { trimmed, events } = await page(after, Math.min(limit, MOST));
  return trimmed ? [historyTrimmed(after), ...events] : events;
}

/** Watches a flow from a place on, or from now, until the caller's signal or `closing` aborts. */
export function watchFlow(
  source: EventSource,
  closing: AbortSignal,
  options: { after?: string; signal?: AbortSignal },
): AsyncIterableIterator<StateEvent> {
  const o = check.fields("options", options, ["after", "signal"]);
  const after = o.after === undefined ? undefined : check.eventId("after", o.after);
  const signal = o.signal ? AbortSignal.any([check.abortSignal("signal", o.signal), closing]) : closing;
  const begin = async () => {
    if (closing.aborted) throw new ConnectionError("watch: the flow is not open: call connect() first");
    return after ?? (await source.page("", 1, false)).newest;
  };
  const start = begin();
  start.catch(() => {}); // told to whoever asks for the first event
  return watchEvents(source, start, after === undefined, signal);
}

/** The marker of a gap: events after the place asked for may be gone. */
function historyTrimmed(after: string): StateEvent {
  return { type: "history_trimmed", id: after, at: new Date(0), instance: "", after };
}

/**
 * Every event after `start`, in order and without gaps, until the signal aborts. Where the log was trimmed past the place reached,
 * a `history_trimmed` event says so. A lost connection is waited out. Where the log does not know the event that was told last, the state went back.
 */
async function* watchEvents(
  source: EventSource,
  start: Promise<string>,
  fromNow: boolean,
  signal: AbortSignal,
): AsyncGenerator<StateEvent, void, undefined> {
  let after = await start;
  let told = fromNow && after !== EMPTY;
  while (!signal.aborted) {
    const page = await pageOrNothing(source, after, told);
    if (signal.aborted) return;
    source.check();
    if (page?.isUnknown) {
      const error = source.unknown(after, page.newest);
      if (error) throw error;
      told = false;
    }
    if (page?.trimmed || page?.isUnknown) yield historyTrimmed(after);
    for (const event of page?.events ?? []) {
      yield event;
      if (signal.aborted) return;
      after = event.id;
      told = true;
    }
    if (!page || page.events.length === 0) await source.eventAfter(after, signal);
  }
}

/** A page of the log; undefined when Redis cannot be reached now. */
async function pageOrNothing(source: EventSource, after: string, told: boolean): Promise<EventPage | undefined> {
  try {
    return await source.page(after, PAGE, told);
  } catch (error) {
    if (error instanceof ConnectionError) return undefined;
    throw error;
  }
}
