import { everyKey, layoutOf } from "../layout/convert.js";
import type { Entry, FlowLayout, StoredKey } from "../layout/flow-layout.js";
import { KEY_LAYOUTS } from "../layout/key-layouts.js";
import type { KeyType } from "../layout/table-forms.js";
import { compareBytes } from "../state/ranking.js";
import { pairsOf } from "../words/pairs.js";
import { list, type Operation, type Reply, text } from "./operation.js";

/** The keys after `flow:meta`, which every read has. */
const OF_ACCOUNT = ["account", "account_epoch"];

const OTHERS = KEY_LAYOUTS.filter(({ key }) => key !== "flow:meta");

/** What type each of them has, in order, as the script is told. */
export const OTHER_TYPES = OTHERS.map(({ type }) => type).join(" ");

export const exportFlow: Operation<void, FlowLayout> = {
  name: "export_flow",
  kind: "read",
  keys: OTHERS.map(({ key }) => key),
  loopsOverKeys: true,
  args: { types: () => OTHER_TYPES },
  decode(reply) {
    const entries = new Map<StoredKey, readonly Entry[]>([
      // Which account a flow is in, is told by the place where it is.
      ["flow:meta", contents(reply, 2, "hash").filter(([field = ""]) => !OF_ACCOUNT.includes(field))],
    ]);
    for (const [i, { key, type }] of OTHERS.entries()) entries.set(key, contents(reply, i + 3, type));
    return { entries: everyKey(entries), eventsAdded: Number(text(reply, 1)) };
  },
  apply: layoutOf,
};

function contents(reply: Reply, at: number, type: KeyType): Entry[] {
  switch (type) {
    case "string": {
      const value = text(reply, at);
      return value === "" ? [] : [[value]];
    }
    case "stream":
      return eventsOf(list(reply, at));
    case "hash":
      return pairsOf(list(reply, at)).sort(([a = ""], [b = ""]) => compareBytes(a, b));
    case "zset":
      return pairsOf(list(reply, at));
  }
}

/** Of events told as id, number of values, values. */
function eventsOf(flat: readonly string[]): Entry[] {
  const events: Entry[] = [];
  for (let at = 0; at < flat.length; ) {
    const end = at + 2 + Number(flat[at + 1]);
    events.push([flat[at] ?? "", ...flat.slice(at + 2, end)]);
    at = end;
  }
  return events;
}
