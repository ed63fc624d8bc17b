import { compareEventIds, timeOfEvent } from "../state/event-log.js";
import type { LogPlace } from "../types.js";

/** The newest event of a flow that a process saw, kept on the process's own disk. A later process compares the flow with it. */
export interface Mark {
  readonly flow: string;
  readonly epoch: string;
  /** The newest event; `0-0`: there was none. */
  readonly id: string;
  /** How many events there ever were. */
  readonly entries_added: number;
  /** How the process that wrote the mark knew that the state had gone back. */
  readonly went_back?: string;
}

export type Judgement =
  | { readonly kind: "as_marked" }
  /** The flow was copied, restored or migrated by somebody who knew the marked state. */
  | { readonly kind: "moved" }
  /** The event of the mark is no longer kept. */
  | { readonly kind: "cannot_tell"; readonly why: string }
  | { readonly kind: "went_back"; readonly missing: string };

/** Compares a flow with the mark: the same flow, or an older copy of it. `mayBeEvicted`: the server may drop the log at any time. */
export function judgeMark(mark: Mark, epoch: string, log: LogPlace, mayBeEvicted: boolean): Judgement {
  if (mark.epoch !== epoch) {
    return log.was === mark.epoch
      ? { kind: "moved" }
      : { kind: "went_back", missing: `its epoch is ${epoch}, and ${mark.epoch} in the mark` };
  }
  if (mark.went_back !== undefined) return { kind: "went_back", missing: "the process before noticed it" };
  if (mark.entries_added === 0) return { kind: "as_marked" };
  if (log.added === 0 && mayBeEvicted) return { kind: "cannot_tell", why: "its log of events may have been evicted" };
  if (compareEventIds(log.newest, mark.id) < 0) {
    return { kind: "went_back", missing: `its newest event is ${log.newest}, and ${mark.id} in the mark` };
  }
  if (log.added < mark.entries_added) {
    return { kind: "went_back", missing: `it has had ${log.added} events, and ${mark.entries_added} in the mark` };
  }
  if (log.holds) return { kind: "as_marked" };
  if (log.oldest === undefined || compareEventIds(mark.id, log.oldest) < 0) {
    return { kind: "cannot_tell", why: `event ${mark.id}, which the mark knows, is older than what is kept` };
  }
  return { kind: "went_back", missing: `event ${mark.id}, which the mark knows, is not among its events` };
}

/** The mark of a flow whose log is at this place. */
export function markOf(flow: string, epoch: string, { newest, added }: LogPlace): Mark {
  return { flow, epoch, id: newest, entries_added: added };
}

/** When the newest event of the mark was appended, ms since 1970. */
export function timeOfMark({ id }: Mark): number {
  return timeOfEvent(id);
}
