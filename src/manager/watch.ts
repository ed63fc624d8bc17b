import { ConnectionError } from "../errors.js";
import { notOpen } from "../not-open.js";
import type { EventPage } from "../operations/get-events.js";
import { compareEventIds } from "../state/event-log.js";
import type { StateEvent } from "../types.js";
import * as check from "./check.js";

/** What a watcher reads: pages of the log, and a signal that the next event is there. */
export interface EventSource {
  /** `told`: the reader has got the event `after` before. */
  page(after: string, limit: number, told: boolean): Promise<EventPage>;
  /** Resolves when there may be an event after this one in the flow's log, or after `inAccount` in the account's, or when the signal aborts. */
  eventAfter(id: string, signal: AbortSignal, inAccount?: string): Promise<void>;
  /** The same page of the account's log; undefined if the account has no log of its own. */
  accountPage(after: string, limit: number): Promise<EventPage> | undefined;
  /** Throws a StateLostError once the state is known to have gone back. */
  check(): void;
  /**
   * Called if the log does not know the event that the reader got last: the state went back. Returns the error; undefined if the event may have been
   * evicted.
   */
  unknown(after: string, newest: string): Error | undefined;
}

const PAGE = 500;

/** The id of the newest event in an empty log. */
export const EMPTY = "0-0";

/** The most events that are returned at once. */
const MOST = 10_000;

/** The events after a place, at most `limit`; before them a marker if some events after that place may be gone. */
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

/** Watches a flow from a place on, or from now on, until the caller's signal or `closing` aborts. */
export function watchFlow(
  source: EventSource,
  closing: AbortSignal,
  options: { after?: string; signal?: AbortSignal },
): AsyncIterableIterator<StateEvent> {
  const o = check.fields("options", options, ["after", "signal"]);
  const after = o.after === undefined ? undefined : check.eventId("after", o.after);
  const signal = o.signal ? AbortSignal.any([check.abortSignal("signal", o.signal), closing]) : closing;
  // Both logs use one clock: a place in the flow's log is also one in the account's.
  const begin = async () => {
    if (closing.aborted) throw notOpen("watch");
    if (after !== undefined) return { flow: after, account: after };
    const [flow, account] = await Promise.all([source.page("", 1, false), source.accountPage("", 1)]);
    return { flow: flow.newest, account: account?.newest ?? EMPTY };
  };
  const start = begin();
  start.catch(() => {}); // reported to whoever asks for the first event
  return watchEvents(source, start, after === undefined, signal);
}

/** Marks a gap: events after the place may be gone. */
function historyTrimmed(after: string): StateEvent {
  return { type: "history_trimmed", id: after, at: new Date(0), instance: "", after };
}

/**
 * Every event after `start`, in order and without gaps, until the signal aborts. If the log was trimmed past the reached place, a `history_trimmed` event
 * says so. A lost connection is waited out. If the log does not know the event that was returned last, the state went back.
 */
async function* watchEvents(
  source: EventSource,
  start: Promise<{ readonly flow: string; readonly account: string }>,
  fromNow: boolean,
  signal: AbortSignal,
): AsyncGenerator<StateEvent, void, undefined> {
  const began = await start;
  let after = began.flow;
  let inAccount = began.account;
  let told = fromNow && after !== EMPTY;
  while (!signal.aborted) {
    const [page, ofAccount] = await Promise.all([
      orNothing(source.page(after, PAGE, told)),
      orNothing(source.accountPage(inAccount, PAGE)),
    ]);
    if (signal.aborted) return;
    source.check();
    if (page?.isUnknown) {
      const error = source.unknown(after, page.newest);
      if (error) throw error;
      told = false;
    }
    if (page?.trimmed || page?.isUnknown) yield historyTrimmed(after);
    for (const { event, isAccounts } of inTurn(page?.events ?? [], ofAccount?.events ?? [])) {
      yield event;
      if (signal.aborted) return;
      if (isAccounts) inAccount = event.id;
      else [after, told] = [event.id, true];
    }
    if (!page?.events.length && !ofAccount?.events.length) {
      await source.eventAfter(after, signal, ofAccount && inAccount);
    }
  }
}

/** Merges events of a flow and of its account by the time of their ids. */
function inTurn(ofFlow: readonly StateEvent[], ofAccount: readonly StateEvent[]) {
  const all = [
    ...ofFlow.map((event) => ({ event, isAccounts: false })),
    ...ofAccount.map((event) => ({ event, isAccounts: true })),
  ];
  return ofAccount.length === 0 ? all : all.sort((a, b) => compareEventIds(a.event.id, b.event.id));
}

/** A page of a log; undefined if Redis cannot be reached now. */
async function orNothing(page: Promise<EventPage> | undefined): Promise<EventPage | undefined> {
  try {
    return await page;
  } catch (error) {
    if (error instanceof ConnectionError) return undefined;
    throw error;
  }
}
