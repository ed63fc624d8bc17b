import type { LogPlace } from "../types.js";
import { type Operation, text } from "./operation.js";

interface Args {
  /** Event id; empty: none. */
  readonly id: string;
}

export const getLogPlace: Operation<Args, LogPlace> = {
  name: "get_log_place",
  kind: "read",
  keys: ["events:log"],
  args: {
    id: (a) => a.id,
  },
  words: { id: 'an event id that is looked for; "" = none' },
  decode(reply) {
    const [oldest, was, recovering] = [text(reply, 3), text(reply, 5), text(reply, 6)];
    return {
      newest: text(reply, 1),
      added: Number(text(reply, 2)),
      ...(oldest !== "" && { oldest }),
      holds: reply[4] === "1",
      ...(was !== "" && { was }),
      ...(recovering !== "" && { recovering }),
    };
  },
  apply({ events, meta }, { id }) {
    const { was, recovering } = meta.value ?? {};
    const [oldest] = events.after("", 1);

    return {
      newest: events.newestId(),
      added: events.added,
      ...(oldest && { oldest: oldest.id }),
      holds: id !== "" && events.get(id) !== undefined,
      ...(was != null && { was }),
      ...(recovering != null && { recovering }),
    };
  },
};
