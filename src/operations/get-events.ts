import type { StateEvent } from "../types.js";
import { list, type Operation, text } from "./operation.js";
import { eventFromRow, eventView } from "./view-event.js";

interface Args {
  /** Event id; empty: from the oldest kept. */
  readonly after: string;
  readonly limit: number;
}

/** Events after a place in the log. `trimmed`: some after that place may be gone. */
export interface EventPage {
  readonly newest: string;
  readonly trimmed: boolean;
  readonly events: StateEvent[];
}

export const getEvents: Operation<Args, EventPage> = {
  name: "get_events",
  kind: "read",
  keys: ["events:log"],
  argv: ["after", "limit"],
  encode: (a) => [a.after, String(a.limit)],
  decode: (reply) => ({ newest: text(reply, 1), trimmed: reply[2] === "1", events: eventsFromFlat(list(reply, 3)) }),
  apply({ events }, { after, limit }) {
    return {
      newest: events.size === 0 ? after || "0-0" : events.newestId(),
      trimmed: events.trimmedAfter(after),
      events: events.after(after, limit).map(eventFromRow),
    };
  },
};

function eventsFromFlat(flat: readonly string[]): StateEvent[] {
  const events: StateEvent[] = [];
  for (let at = 0; at < flat.length; ) {
    const id = flat[at] ?? "";
    const end = at + 2 + Number(flat[at + 1]);
    const fields: Record<string, string> = {};
    for (let i = at + 2; i < end; i += 2) fields[flat[i] ?? ""] = flat[i + 1] ?? "";
    const { type = "", at: ms = "", instance = "", ...rest } = fields;
    events.push(eventView({ id, at: new Date(Number(ms)), instance }, type, rest));
    at = end;
  }
  return events;
}
