/** Converts a state to its layout and back. */
import { CorruptStateError } from "../errors.js";
import { FlowState, SCHEMA_VERSION } from "../state/flow-state.js";
import { type Entry, type FlowLayout, type StoredKey, withMeta } from "./flow-layout.js";
import { KEY_LAYOUTS } from "./key-layouts.js";

/** Entries for every key; keys that are not given are empty. */
export function everyKey(entries: ReadonlyMap<StoredKey, readonly Entry[]>): Record<StoredKey, readonly Entry[]> {
  const all: Partial<Record<StoredKey, readonly Entry[]>> = {};
  for (const { key } of KEY_LAYOUTS) all[key] = entries.get(key) ?? [];
  if (!hasEveryKey(all)) throw new TypeError("a key of a flow has no layout");
  return all;
}

function hasEveryKey(
  found: Partial<Record<StoredKey, readonly Entry[]>>,
): found is Record<StoredKey, readonly Entry[]> {
  return KEY_LAYOUTS.every(({ key }) => found[key] !== undefined);
}

/** The layout of a flow as if it were in no account. */
export function layoutOf(state: FlowState): FlowLayout {
  const entries = new Map(KEY_LAYOUTS.map(({ key, render }) => [key, render(state)]));
  const layout = { entries: everyKey(entries), eventsAdded: state.events.added };
  return state.account ? withMeta(layout, "schema", String(SCHEMA_VERSION)) : layout;
}

/** A part of a layout that cannot be read. */
export interface UnreadableKey {
  readonly key: StoredKey;
  readonly why: string;
}

/** Puts a layout into an empty state. Returns the keys that could not be read, as a whole or in part. */
export function fillState(state: FlowState, { entries, eventsAdded }: FlowLayout): UnreadableKey[] {
  const unreadable: UnreadableKey[] = [];
  state.events.skipped = Math.max(0, eventsAdded - entries["events:log"].length);
  for (const { key, parse } of KEY_LAYOUTS) {
    try {
      parse(state, entries[key]);
    } catch (error) {
      unreadable.push({ key, why: error instanceof Error ? error.message : String(error) });
    }
  }
  return unreadable;
}

/** The state of a layout. Throws a CorruptStateError that names key and entry if something cannot be read. */
export function stateOf(layout: FlowLayout): FlowState {
  const state = new FlowState();
  const [first] = fillState(state, layout);
  if (first) throw new CorruptStateError(`${first.key}: what is stored could not be understood: ${first.why}`);
  return state;
}
