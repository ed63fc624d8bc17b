import type { StateEvent } from "../types.js";
import { pairsOf } from "../words/pairs.js";
import { list, type Operation, parts, type Reply, text } from "./operation.js";
import { eventFromRow, eventView } from "./view-event.js";

interface Args {
  /** Event id; empty: from the oldest kept. */
  readonly after: string;
  readonly limit: number;
  /** The caller has got the event `after` before. */
  readonly told?: boolean;
}

/** Events after a place in the log. `trimmed`: some after that place may be gone. */
export interface EventPage {
  readonly newest: string;
  readonly trimmed: boolean;
  /** The log does not have the event `after` although it should: it is an older log. */
  readonly isUnknown: boolean;
  readonly events: StateEvent[];
}

export const getEvents: Operation<Args, EventPage> = {
  name: "get_events",
  kind: "read",
  keys: ["events:log"],
  args: {
    after: (a) => a.after,
    limit: (a) => a.limit,
    told: (a) => a.told ?? false,
  },
  words: { told: "1 = the caller was told of that event" },
  decode(reply) {
    const newest = text(reply, 1);
    if (reply[0] === "unknown") return { newest, trimmed: false, isUnknown: true, events: [] };
    return { newest, trimmed: reply[2] === "1", isUnknown: false, events: eventsFromReply(reply, 3) };
  },
  apply({ events }, { after, limit, told = false }) {
    if (told && events.lacks(after)) {
      return { newest: events.size === 0 ? "0-0" : events.newestId(), trimmed: false, isUnknown: true, events: [] };
    }

    return {
      isUnknown: false,
      newest: events.size === 0 ? after || "0-0" : events.newestId(),
      trimmed: events.trimmedAfter(after),
      events: events.after(after, limit).map(eventFromRow),
    };
  },
};

function eventsFromReply(reply: Reply, at: number): StateEvent[] {
  const entries = parts(reply, at);
  return entries.map((_, i) => eventFromEntry(parts(entries, i)));
}

/** An entry of the stream: its id, and a list of alternating fields and values. */
function eventFromEntry(entry: Reply): StateEvent {
  const fields: Record<string, string> = Object.fromEntries(pairsOf(list(entry, 1)));
  const { type = "", at = "", instance = "", ...rest } = fields;
  return eventView({ id: text(entry, 0), at: new Date(Number(at)), instance }, type, rest);
}
