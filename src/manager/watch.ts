import { ConnectionError } from "../errors.js";
import type { EventPage } from "../operations/get-events.js";
import type { StateEvent } from "../types.js";

/** Where a watcher reads: pages of the log, and word of the next event. */
export interface EventSource {
  page(after: string, limit: number): Promise<EventPage>;
  /** Resolves when there may be an event after this one, or the signal aborts. */
  eventAfter(id: string, signal: AbortSignal): Promise<void>;
}

const PAGE = 500;

/** The marker of a gap: events after the place asked for may be gone. */
export function historyTrimmed(after: string): StateEvent {
  return { type: "history_trimmed", id: after, at: new Date(0), instance: "", after };
}

/**
 * Every event after `start`, in order and without gaps, until the signal aborts. Where the log was trimmed past the place reached,
 * a `history_trimmed` event says so. A lost connection is waited out.
 */
export async function* watchEvents(
  source: EventSource,
  start: Promise<string>,
  signal: AbortSignal,
): AsyncGenerator<StateEvent, void, undefined> {
  let after = await start;
  while (!signal.aborted) {
    const page = await pageOrNothing(source, after);
    if (signal.aborted) return;
    if (page?.trimmed) yield historyTrimmed(after);
    for (const event of page?.events ?? []) {
      yield event;
      if (signal.aborted) return;
      after = event.id;
    }
    if (!page || page.events.length === 0) await source.eventAfter(after, signal);
  }
}

/** A page of the log; undefined when Redis cannot be reached now. */
async function pageOrNothing(source: EventSource, after: string): Promise<EventPage | undefined> {
  try {
    return await source.page(after, PAGE);
  } catch (error) {
    if (error instanceof ConnectionError) return undefined;
    throw error;
  }
}
