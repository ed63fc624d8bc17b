import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SchemaVersionError, StateManager } from "../../src/index.js";
import { type FlowLayout, metaOf, withMeta } from "../../src/layout/flow-layout.js";
import { MIGRATIONS } from "../../src/migrations/all.js";
import type { Migration } from "../../src/migrations/migration.js";
import { walk } from "../../src/migrations/walk.js";
import { SCHEMA_VERSION } from "../../src/state/flow-state.js";
import { understood } from "../../src/transfer/portable.js";
import { VERSION } from "../../src/version.js";
import { fill } from "../contract/calls.js";

/** A step that needs the operator's word. */
const NEXT: Migration = {
  to: SCHEMA_VERSION + 1,
  summary: "sizes are in lots",
  options: [{ name: "lot", value: "pair=number", about: "what one lot is" }],
  migrate(layout, told) {
    const lots = told.get("lot") ?? [];
    if (lots.length === 0) return { layout, notes: [], stops: ["BTC/USDT has no lot: say --lot BTC/USDT=1"] };
    return { layout: withMeta(layout, "recovering", lots.join()), notes: ["converted"], stops: [] };
  },
};

async function layoutOfNow() {
  await using manager = await StateManager.open("bot");
  await fill(manager);
  return manager.exportFlow();
}

export function walking(): void {
  const test = suite("migrations: walking");

  test("there is one migration to every schema, in order", () => {
    assert.equal(
      MIGRATIONS.map(({ to }) => to),
      Array.from({ length: SCHEMA_VERSION - 1 }, (_, i) => i + 2),
    );
  });

  test("a walk goes from the stored schema to the newest, step by step", async () => {
    const first = withMeta(await layoutOfNow(), "schema", "1");
    const walked = walk(first, new Map([["lot", ["BTC/USDT=1"]]]), [...MIGRATIONS, NEXT]);
    assert.is(walked.from, 1);
    assert.is(walked.to, SCHEMA_VERSION + 1);
    assert.is(metaOf(walked.layout, "schema"), String(SCHEMA_VERSION + 1));
    assert.is(metaOf(walked.layout, "recovering"), "BTC/USDT=1");
    assert.is(walked.notes.at(-1), "converted");
    assert.is(metaOf(first, "schema"), "1");
  });

  test("a walk ends where something stands in the way, and says what", async () => {
    const walked = walk(withMeta(await layoutOfNow(), "schema", "1"), new Map(), [...MIGRATIONS, NEXT]);
    assert.is(walked.to, SCHEMA_VERSION);
    assert.equal(walked.stops, ["BTC/USDT has no lot: say --lot BTC/USDT=1"]);
  });

  test("a position whose text cannot be read goes on as it is, for the one that reads it next to name", async () => {
    const layout = withMeta(await layoutOfNow(), "schema", "2");
    for (const json of ["{garbage", '{"id":"p","metadata":{}', "[]", '"text","metadata":{}}']) {
      const broken = { ...layout, entries: { ...layout.entries, "positions:open": [["p", json]] } };
      const walked = walk(broken, new Map());
      assert.throws(() => understood(walked.layout), /^positions:open: .*"p"/, json);
    }
  });

  test("a record that lacks a field of a later schema has it once it is understood, and loses nothing", async () => {
    const layout = await layoutOfNow();
    const positions = layout.entries["positions:open"];
    const changed = (pattern: RegExp, to: string): FlowLayout => ({
      ...layout,
      entries: {
        ...layout.entries,
        "positions:open": positions.map(([id = "", json = ""]) => [id, json.replace(pattern, to)]),
      },
    });
    const lacking = changed(/,"opened_by":"\w+"/, "");
    assert.not.equal(lacking.entries["positions:open"], positions);
    for (const { opened_by } of understood(lacking).positions.values()) assert.is(opened_by, "saved");
    assert.throws(
      () => understood(changed(/"realised":"0"/, '"realised":"0.0"')),
      /^positions:open: .* would not be the same/,
    );
  });

  test("a flow of a newer schema is refused", async () => {
    const newer = withMeta(await layoutOfNow(), "schema", "99");
    assert.throws(
      () => walk(newer, new Map()),
      (error: unknown) => error instanceof SchemaVersionError,
    );
  });

  test("a heartbeat tells the version of the package, and its schema", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    assert.is(VERSION, version);
    await using manager = await StateManager.open("bot");
    await manager.heartbeat();
    const [self] = await manager.getInstances();
    assert.is(self?.version, version);
    assert.is(self?.schema, SCHEMA_VERSION);
  });

  test.run();
}
