/** What a migrated flow has to be, beside the flow that it was. */
import * as assert from "uvu/assert";
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
import { type Changes, OLD_FLOWS, type OldSchema } from "./old-flows.js";

/** The fields that came with later schemas than the first. */
const BROUGHT = new Set(
  [breaker, day, lease, meta, order, position, recovery, risk, lastSignal].flatMap((fields) =>
    Object.entries(fields).flatMap(([name, { since }]) => (since > 1 ? [name] : [])),
  ),
);

/**
 * Where two layouts of a flow differ, but for its schema, its epochs, sums, fields of later schemas that `old` lacks and `now` has, and
 * `changes` if `now` was migrated.
 */
export function changedBeyond(old: FlowLayout, now: FlowLayout, changes: Changes = {}): string[] {
  const isMigratedNow = metaOf(now, "schema") !== metaOf(old, "schema");
  const before = isMigratedNow ? withChanges(old, changes) : old;
  const entries = { ...now.entries };
  for (const { key } of KEY_LAYOUTS) entries[key] = withoutBrought(before.entries[key], now.entries[key]);
  return differences(withoutSchema(before), withoutSchema({ ...now, entries }))
    .filter(({ key }) => DERIVED[key] === undefined)
    .map(({ key, what }) => `${key} ${what}`);
}

function withChanges(layout: FlowLayout, changes: Changes): FlowLayout {
  const entries = { ...layout.entries };
  for (const { key } of KEY_LAYOUTS) {
    const byName = new Map(Object.entries(changes[key] ?? {}));
    entries[key] = entries[key].map(([name = "", ...rest]) => {
      const fields = byName.get(name);
      return [name, ...rest.map((text) => (fields ? JSON.stringify({ ...JSON.parse(text), ...fields }) : text))];
    });
  }
  return { ...layout, entries };
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

/**
 * It is the old flow, of this version's schema, under an epoch that says so; it knows its old epoch, what it is counted in, and who opened
 * its positions, of which none has a rate that should not.
 */
export function isMigrated(old: FlowLayout, now: FlowLayout, schema: OldSchema, kind: "clean" | "crashed"): void {
  const { opened, changes } = OLD_FLOWS[schema];
  assert.equal(changedBeyond(old, now, changes[kind]), []);
  assert.is(metaOf(now, "schema"), String(SCHEMA_VERSION));
  assert.match(epochOf(now), new RegExp(`^${SCHEMA_VERSION}\\.[0-9a-f-]{36}$`));
  assert.is(metaOf(now, "was"), epochOf(old));
  assert.is(metaOf(now, "migrating"), undefined);
  assert.is(metaOf(now, "currency"), "USDT");
  const positions = now.entries["positions:open"].map(([id = "", json = ""]) => [id, JSON.parse(json)] as const);
  assert.equal(
    positions.map(([id, { opened_by }]) => [id, opened_by]).toSorted(),
    Object.entries(opened[kind]).toSorted(),
  );
  assert.equal(
    new Set(positions.flatMap(([id, { rate }]) => (rate === undefined ? [] : [id]))),
    new Set(Object.keys(changes[kind]["positions:open"] ?? {})),
  );
  assert.equal(sumsOf(now), sumsOf(layoutOf(stateOf(now))), "sums are those of the records");
}

function sumsOf({ entries }: FlowLayout): [StoredKey, readonly Entry[]][] {
  return KEY_LAYOUTS.filter(({ key }) => DERIVED[key] !== undefined).map(({ key }) => [key, entries[key]]);
}
