/** A whole flow in the one layout that people know: that of Redis, whichever backend the flow is on. */
import type { KeyName } from "./keys.js";

/** A key that belongs to a flow's state. The answers to calls do not: nobody asks for them again after a move. An account is not its flow's. */
export type StoredKey = Exclude<KeyName, "execution:call" | "account:risk" | "account:events">;

/** Of a hash: field, value. Of a zset: member, score. Of a string: the value. Of a stream: id, then fields and values in turn. */
export type Entry = readonly string[];

/** Everything a flow holds, at one moment: the strings that Redis holds, or would hold. Keys that hold nothing have no entries. */
export interface FlowLayout {
  readonly entries: Readonly<Record<StoredKey, readonly Entry[]>>;
  /** How many events the flow ever had, those that were trimmed away included. */
  readonly eventsAdded: number;
}

/** A field of `flow:meta`. */
export function metaOf({ entries }: FlowLayout, field: string): string | undefined {
  return entries["flow:meta"].find(([name]) => name === field)?.[1];
}

/** The same, sorted by field, with another value of a field of `flow:meta`, or, with undefined, without it. */
export function withMeta(layout: FlowLayout, field: string, value: string | undefined): FlowLayout {
  const others = layout.entries["flow:meta"].filter(([name]) => name !== field);
  const meta: Entry[] = value === undefined ? others : [...others, [field, value]];
  meta.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return { ...layout, entries: { ...layout.entries, "flow:meta": meta } };
}

/** The fields of `execution:lease`; none where there never was one. */
export function leaseOf(layout: FlowLayout | undefined): Map<string, string> {
  return new Map(layout?.entries["execution:lease"].map(([name = "", value = ""]) => [name, value]));
}
