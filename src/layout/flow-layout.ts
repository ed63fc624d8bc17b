/** A whole flow in one layout, that of Redis, on any backend. */
import type { KeyName } from "./keys.js";

/** A key of a flow's state. Answers to calls are not included: nobody asks for them again after a move. An account does not belong to its flow. */
export type StoredKey = Exclude<KeyName, "execution:call" | "account:risk" | "account:events">;

/** For a hash: field, value. For a zset: member, score. For a string: the value. For a stream: id, then fields and values in turn. */
export type Entry = readonly string[];

/** Everything a flow holds, at one moment: the strings that Redis holds, or would hold. An empty key has no entries. */
export interface FlowLayout {
  readonly entries: Readonly<Record<StoredKey, readonly Entry[]>>;
  /** How many events the flow ever had, including trimmed ones. */
  readonly eventsAdded: number;
}

/** A field of `flow:meta`. */
export function metaOf({ entries }: FlowLayout, field: string): string | undefined {
  return entries["flow:meta"].find(([name]) => name === field)?.[1];
}

/** The layout, sorted by field, with another value of a field of `flow:meta`; with undefined, without the field. */
export function withMeta(layout: FlowLayout, field: string, value: string | undefined): FlowLayout {
  const others = layout.entries["flow:meta"].filter(([name]) => name !== field);
  const meta: Entry[] = value === undefined ? others : [...others, [field, value]];
  meta.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return { ...layout, entries: { ...layout.entries, "flow:meta": meta } };
}

/** The fields of `execution:lease`; empty if there never was one. */
export function leaseOf(layout: FlowLayout | undefined): Map<string, string> {
  return new Map(layout?.entries["execution:lease"].map(([name = "", value = ""]) => [name, value]));
}
