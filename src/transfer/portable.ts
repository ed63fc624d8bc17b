/** A flow in the form in which it is moved from one place to another. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { CorruptStateError } from "../errors.js";
import { everyKey, layoutOf, stateOf } from "../layout/convert.js";
import { type Entry, type FlowLayout, leaseOf, metaOf, type StoredKey, withMeta } from "../layout/flow-layout.js";
import { DERIVED, KEY_LAYOUTS } from "../layout/key-layouts.js";
import type { KeyType } from "../layout/table-forms.js";
import { schemaOf } from "../migrations/walk.js";
import type { FlowState } from "../state/flow-state.js";
import { checkSchema } from "../state/schema.js";

/** Some entries of one key, few enough to be sent at once. */
export interface Chunk {
  readonly key: StoredKey;
  readonly type: KeyType;
  readonly entries: readonly Entry[];
}

/** The part that is the same at every place: all but the epoch and the holder of the lease. */
export interface PortableFlow {
  /** SHA-256 of the contents: equal hashes of one id mean equal flows. */
  readonly id: string;
  readonly layout: FlowLayout;
  readonly chunks: readonly Chunk[];
}

const CHUNK_ENTRIES = 500;
const CHUNK_LENGTH = 128 * 1024;

/**
 * Reads a layout strictly, and prepares it for moving: the lease is released (its token stays, so that tokens keep growing), and sums are computed anew.
 * Throws a CorruptStateError that names what cannot be read or would be lost, and a SchemaVersionError if a newer version wrote it.
 */
export function portable(layout: FlowLayout): PortableFlow {
  const state = understood(layout);
  const lease = state.lease.value;
  if (lease) state.lease.value = { ...lease, until: 0 };
  return inChunks(withoutEpoch(layoutOf(state)));
}

/**
 * The state of a layout, provided that the state loses nothing of the layout; throws as `portable` does. Records that lack fields of a later schema get
 * them in the state.
 */
export function understood(layout: FlowLayout): FlowState {
  checkSchema("the flow", schemaOf(layout));
  const state = stateOf(layout);
  const again = layoutOf(state);
  for (const { key, type } of KEY_LAYOUTS) {
    if (DERIVED[key] !== undefined) continue;
    const lost = loss(type, layout.entries[key], again.entries[key]);
    if (lost !== undefined) throw notTheSame(key, lost);
  }
  if (layout.eventsAdded !== again.eventsAdded) throw notTheSame("events:log", countsOfEvents(layout, again));
  return state;
}

function notTheSame(key: StoredKey, what: string): CorruptStateError {
  return new CorruptStateError(`${key}: ${what} would not be the same after a copy`);
}

function countsOfEvents(a: FlowLayout, b: FlowLayout): string {
  return `the count of events (${a.eventsAdded} and ${b.eventsAdded})`;
}

/** The first entry that is missing in the others, or has less content there. */
function loss(type: KeyType, entries: readonly Entry[], others: readonly Entry[]): string | undefined {
  const byName = new Map(others.map((entry) => [nameOf(type, entry), entry]));
  const lost = entries.find((entry) => {
    const other = byName.get(nameOf(type, entry));
    return other === undefined || !(alike(entry, other) || grown(entry, other));
  });
  return lost && nameOf(type, lost);
}

/** Whether two entries differ only in that the second's records have more fields. */
function grown(a: Entry, b: Entry): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i] || hasFieldsOf(text, b[i] ?? ""));
}

function hasFieldsOf(a: string, b: string): boolean {
  const [few, more] = [recordIn(a), recordIn(b)];
  return few !== undefined && more !== undefined && isDeepStrictEqual({ ...more, ...few }, more);
}

/** A stored flow of any schema, without parsing its records: good enough for a backup. */
export function asItIs(layout: FlowLayout): PortableFlow {
  return inChunks(withoutEpoch(layout));
}

export function inChunks(layout: FlowLayout): PortableFlow {
  const chunks = chunksOf(layout);
  return { id: digestOf(chunks, layout.eventsAdded), layout, chunks };
}

export function epochOf(layout: FlowLayout): string {
  return metaOf(layout, "epoch") ?? "";
}

/** Without what belongs to its place: its epoch, and the one that it came from. */
export function withoutEpoch(layout: FlowLayout): FlowLayout {
  return withMeta(withMeta(layout, "epoch", undefined), "was", undefined);
}

/** The same under another epoch; `from`: the epoch that it came from, if named. */
export function withEpoch(layout: FlowLayout, epoch: string, was?: string): FlowLayout {
  return withMeta(withMeta(layout, "epoch", epoch), "was", was || undefined);
}

/** The same with a lease token of at least this value: fencing tokens only grow, also when a flow is replaced. */
export function withToken(layout: FlowLayout, token: number): FlowLayout {
  const lease = leaseOf(layout);
  if (token <= Number(lease.get("token") ?? 0)) return layout;
  const row = { holder: "", until: "0", ...Object.fromEntries(lease), token: String(token) };
  return { ...layout, entries: { ...layout.entries, "execution:lease": Object.entries(row).sort() } };
}

/** A difference between two layouts. */
export interface EntryDifference {
  readonly key: StoredKey;
  readonly what: string;
}

/** The differences between two layouts, at most one for each key. JSON with the same meaning counts as equal. */
export function differences(a: FlowLayout, b: FlowLayout): EntryDifference[] {
  const found: EntryDifference[] = [];
  for (const { key, type } of KEY_LAYOUTS) {
    const what = difference(type, a.entries[key], b.entries[key]);
    if (what !== undefined) found.push({ key, what });
  }
  if (found.length === 0 && a.eventsAdded !== b.eventsAdded) {
    found.push({ key: "events:log", what: countsOfEvents(a, b) });
  }
  return found;
}

function difference(type: KeyType, a: readonly Entry[], b: readonly Entry[]): string | undefined {
  const others = new Map(b.map((entry) => [nameOf(type, entry), entry]));
  for (const entry of a) {
    const name = nameOf(type, entry);
    const other = others.get(name);
    if (other === undefined || !alike(entry, other)) return name;
    others.delete(name);
  }
  const [extra] = others.keys();
  return extra;
}

function nameOf(type: KeyType, entry: Entry): string {
  return type === "string" ? "the value" : (entry[0] ?? "");
}

function alike(a: Entry, b: Entry): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i] || sameJson(text, b[i] ?? ""));
}

function sameJson(a: string, b: string): boolean {
  const one = recordIn(a);
  return one !== undefined && isDeepStrictEqual(one, recordIn(b));
}

/** The JSON object of a text; undefined if it is none. */
function recordIn(text: string): object | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null ? found : undefined;
  } catch {
    return undefined;
  }
}

export function chunksOf(layout: FlowLayout): Chunk[] {
  const chunks: Chunk[] = [];
  for (const { key, type } of KEY_LAYOUTS) {
    let entries: Entry[] = [];
    let length = 0;
    for (const entry of layout.entries[key]) {
      const more = entry.reduce((sum, text) => sum + text.length, 0);
      if (entries.length > 0 && (entries.length === CHUNK_ENTRIES || length + more > CHUNK_LENGTH)) {
        chunks.push({ key, type, entries });
        entries = [];
        length = 0;
      }
      entries.push(entry);
      length += more;
    }
    if (entries.length > 0) chunks.push({ key, type, entries });
  }
  return chunks;
}

/** The layout made of these chunks. */
export function layoutFrom(chunks: Iterable<Pick<Chunk, "key" | "entries">>, eventsAdded: number): FlowLayout {
  const entries = new Map<StoredKey, Entry[]>();
  for (const { key, entries: more } of chunks) {
    const sofar = entries.get(key);
    if (sofar) for (const entry of more) sofar.push(entry);
    else entries.set(key, [...more]);
  }
  return { entries: everyKey(entries), eventsAdded };
}

function digestOf(chunks: readonly Chunk[], eventsAdded: number): string {
  const hash = createHash("sha256").update(`${eventsAdded}\n`);
  for (const { key, entries } of chunks) hash.update(`${JSON.stringify([key, entries])}\n`);
  return hash.digest("hex");
}
