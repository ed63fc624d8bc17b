/** How the scripts that export a flow tell its keys. */
import { everyKey } from "../layout/convert.js";
import type { Entry, FlowLayout, StoredKey } from "../layout/flow-layout.js";
import { KEY_LAYOUTS } from "../layout/key-layouts.js";
import type { KeyType } from "../layout/table-forms.js";
import { compareBytes } from "../state/ranking.js";
import { layoutSchema } from "../state/schema.js";
import { pairsOf } from "../words/pairs.js";
import { list, type Reply, type Script, text } from "./operation.js";

/** All keys but `flow:meta`, which every read has. */
export const OTHERS = KEY_LAYOUTS.filter(({ key }) => key !== "flow:meta");

/** `flow:meta` as of a flow in no account: the account is not part of an export; the place of the flow decides it. */
function ofFlow([field = "", value = ""]: Entry): Entry[] {
  if (field === "account" || field === "account_epoch") return [];
  return [field === "schema" ? [field, String(layoutSchema(Number(value)))] : [field, value]];
}

/** The types of these keys, in order, as an argument of the script. */
export const OTHER_TYPES = OTHERS.map(({ type }) => type).join(" ");

/** How many entries may be told at once, and for which keys only new entries are wanted; by default everything. */
export interface Since {
  readonly most: number | undefined;
  readonly since: ReadonlyMap<StoredKey, string>;
}

/** `lua/export_flow.lua`. Its answer is read by the caller, which knows what it asked for. */
export const EXPORT_FLOW = {
  name: "export_flow",
  kind: "read",
  keys: OTHERS.map(({ key }) => key),
  loopsOverKeys: true,
  args: { types: () => OTHER_TYPES, most: (asked) => asked?.most },
  rest: {
    name: "since",
    mayBeNone: true,
    values: (asked) => (asked && asked.since.size > 0 ? OTHERS.map(({ key }) => asked.since.get(key)) : []),
  },
  decode: (reply) => reply,
} as const satisfies Script<Since | undefined, Reply>;

/** The layout in an answer. `entriesOf` reads a key that the answer tells only in part. */
export function layoutTold(
  reply: Reply,
  entriesOf: (key: StoredKey) => readonly Entry[] | undefined = () => undefined,
): FlowLayout {
  const entries = new Map<StoredKey, readonly Entry[]>([["flow:meta", contents(reply, 2, "hash").flatMap(ofFlow)]]);
  for (const [i, { key, type }] of OTHERS.entries()) entries.set(key, entriesOf(key) ?? contents(reply, i + 3, type));
  return { entries: everyKey(entries), eventsAdded: Number(text(reply, 1)) };
}

/** What the answer tells of a key. */
export function toldOf(reply: Reply, key: StoredKey): readonly string[] {
  return list(reply, OTHERS.findIndex((other) => other.key === key) + 3);
}

function contents(reply: Reply, at: number, type: KeyType): Entry[] {
  switch (type) {
    case "string": {
      const value = text(reply, at);
      return value === "" ? [] : [[value]];
    }
    case "stream":
      return streamEntries(list(reply, at));
    case "hash":
      return inOrderOfFields(pairsOf(list(reply, at)));
    case "zset":
      return pairsOf(list(reply, at));
  }
}

export function inOrderOfFields(fields: Entry[]): Entry[] {
  return fields.sort(([a = ""], [b = ""]) => compareBytes(a, b));
}

/** Entries from a list of id, number of values, values. */
export function streamEntries(flat: readonly string[]): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < flat.length; ) {
    const end = at + 2 + Number(flat[at + 1]);
    entries.push([flat[at] ?? "", ...flat.slice(at + 2, end)]);
    at = end;
  }
  return entries;
}
