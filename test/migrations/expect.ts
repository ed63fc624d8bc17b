/** What a migrated flow has to be, beside the flow that it was. */
import * as assert from "uvu/assert";
import type { OpenedBy } from "../../src/index.js";
import { layoutOf, stateOf } from "../../src/layout/convert.js";
import { type Entry, type FlowLayout, metaOf, type StoredKey } from "../../src/layout/flow-layout.js";
import { DERIVED, KEY_LAYOUTS } from "../../src/layout/key-layouts.js";
import { breaker } from "../../src/records/breaker.js";
import { day } from "../../src/records/day.js";
import { lease } from "../../src/records/lease.js";
import { meta } from "../../src/records/meta.js";
import { order } from "../../src/records/order.js";
import { position } from "../../src/records/position.js";
import { recovery } from "../../src/records/recovery.js";
import { risk } from "../../src/records/risk.js";
import { lastSignal } from "../../src/records/signal.js";
import { SCHEMA_VERSION } from "../../src/state/flow-state.js";
import { differences, epochOf, withoutEpoch } from "../../src/transfer/portable.js";

/** The fields that came with later schemas than the first. */
const BROUGHT = new Set(
  [breaker, day, lease, meta, order, position, recovery, risk, lastSignal].flatMap((fields) =>
    Object.entries(fields).flatMap(([name, { since }]) => (since > 1 ? [name] : [])),
  ),
);

/**
 * Where two layouts of a flow differ, but for its schema, its epochs, sums, and fields of later schemas that `old` lacks and `now` has.
 */
export function changedBeyond(old: FlowLayout, now: FlowLayout): string[] {
  const entries = { ...now.entries };
  for (const { key } of KEY_LAYOUTS) entries[key] = withoutBrought(old.entries[key], now.entries[key]);
  return differences(withoutSchema(old), withoutSchema({ ...now, entries }))
    .filter(({ key }) => DERIVED[key] === undefined)
    .map(({ key, what }) => `${key} ${what}`);
}

function withoutSchema(layout: FlowLayout): FlowLayout {
  const { entries, eventsAdded } = withoutEpoch(layout);
  return {
    eventsAdded,
    entries: { ...entries, "flow:meta": entries["flow:meta"].filter(([name]) => name !== "schema") },
  };
}

function withoutBrought(old: readonly Entry[], now: readonly Entry[]): Entry[] {
  const before = new Map(old.map((entry) => [entry[0], entry]));
  return now
    .filter(([name = ""]) => before.has(name) || !BROUGHT.has(name))
    .map((entry) => entry.map((text, at) => recordBefore(before.get(entry[0])?.[at], text)));
}

/** A record without the fields that it did not have. */
function recordBefore(old: string | undefined, now: string): string {
  if (old === undefined || old === now || !old.startsWith("{")) return now;
  const before: object = JSON.parse(old);
  const fields: object = JSON.parse(now);
  return JSON.stringify(
    Object.fromEntries(Object.entries(fields).filter(([name]) => name in before || !BROUGHT.has(name))),
  );
}

/** It is the old flow, of this version's schema, under an epoch that says so; it knows its old epoch, and who opened its positions. */
export function isMigrated(old: FlowLayout, now: FlowLayout, opened: Readonly<Record<string, OpenedBy>>): void {
  assert.equal(changedBeyond(old, now), []);
  assert.is(metaOf(now, "schema"), String(SCHEMA_VERSION));
  assert.match(epochOf(now), new RegExp(`^${SCHEMA_VERSION}\\.[0-9a-f-]{36}$`));
  assert.is(metaOf(now, "was"), epochOf(old));
  assert.is(metaOf(now, "migrating"), undefined);
  assert.equal(
    now.entries["positions:open"].map(([id, json = ""]) => [id, JSON.parse(json).opened_by]).toSorted(),
    Object.entries(opened).toSorted(),
  );
  assert.equal(sumsOf(now), sumsOf(layoutOf(stateOf(now))), "sums are those of the records");
}

function sumsOf({ entries }: FlowLayout): [StoredKey, readonly Entry[]][] {
  return KEY_LAYOUTS.filter(({ key }) => DERIVED[key] !== undefined).map(({ key }) => [key, entries[key]]);
}
