/** Reads a flow's ledgers in pages, so that no call occupies the server for long. */
import type { StateManager } from "../manager/state-manager.js";
import type { RefusedEntry, StateEvent, Trade } from "../types.js";

/** Rows of a call. */
const PAGE = 1000;

export interface TradesAsked {
  readonly from?: number;
  readonly to?: number;
  readonly pair?: string;
  /** Key of a trade. */
  readonly after?: string;
}

/** Closed trades in the order in which they were booked. */
export async function* tradePages(manager: StateManager, asked: TradesAsked): AsyncGenerator<Trade[], void> {
  for (let { after } = asked; ; ) {
    const page = await manager.getTrades({ ...asked, ...(after !== undefined && { after }), limit: PAGE });
    yield page;
    after = page.at(-1)?.key;
    if (page.length < PAGE || after === undefined) return;
  }
}

export async function* refusalPages(manager: StateManager): AsyncGenerator<RefusedEntry[], void> {
  for (let after: string | undefined; ; ) {
    const page = await manager.getRefusals({ ...(after !== undefined && { after }), limit: PAGE });
    yield page;
    after = page.at(-1)?.key;
    if (page.length < PAGE || after === undefined) return;
  }
}

export interface EventPage {
  readonly events: readonly StateEvent[];
  /** Progress from 0 to 1. */
  readonly part: number;
  /** Events after the requested place are gone: the log begins with this page. */
  readonly isTrimmed: boolean;
}

/** The events after a place, up to the newest event at the first call: so it ends for a busy flow, too. */
export async function* eventPages(manager: StateManager, after = "0-0"): AsyncGenerator<EventPage, void> {
  const { newest, oldest = newest } = await manager.getLogPlace();
  const begin = Math.max(msOf(after), msOf(oldest));
  const length = Math.max(1, msOf(newest) - begin);
  for (let last = after; isBefore(last, newest); ) {
    const page = await manager.getEvents({ after: last, limit: PAGE });
    const events = page.filter(({ type, id }) => type !== "history_trimmed" && !isBefore(newest, id));
    const end = events.at(-1)?.id;
    if (end === undefined) return;
    yield {
      events,
      part: Math.min(1, (msOf(end) - begin) / length),
      isTrimmed: last === after && page[0]?.type === "history_trimmed",
    };
    last = end;
  }
}

function msOf(id: string): number {
  return Number(id.split("-")[0]);
}

function isBefore(a: string, b: string): boolean {
  const [aMs = 0, aSeq = 0] = a.split("-").map(Number);
  const [bMs = 0, bSeq = 0] = b.split("-").map(Number);
  return aMs < bMs || (aMs === bMs && aSeq < bSeq);
}
