import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SchemaVersionError, StateManager } from "../../src/index.js";
import { metaOf, withMeta } from "../../src/layout/flow-layout.js";
import { MIGRATIONS } from "../../src/migrations/all.js";
import type { Migration } from "../../src/migrations/migration.js";
import { walk } from "../../src/migrations/walk.js";
import { SCHEMA_VERSION } from "../../src/state/flow-state.js";
import { VERSION } from "../../src/version.js";
import { fill } from "../contract/calls.js";

/** A step that needs the operator's word. */
const NEXT: Migration = {
  to: SCHEMA_VERSION + 1,
  summary: "what it books is in USDT",
  options: [{ name: "rate", value: "currency=number", about: "what one is worth" }],
  migrate(layout, told) {
    const rates = told.get("rate") ?? [];
    if (rates.length === 0) return { layout, notes: [], stops: ["BTC has no rate: say --rate BTC=60000"] };
    return { layout: withMeta(layout, "recovering", rates.join()), notes: ["converted"], stops: [] };
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
    const walked = walk(first, new Map([["rate", ["BTC=60000"]]]), [...MIGRATIONS, NEXT]);
    assert.is(walked.from, 1);
    assert.is(walked.to, SCHEMA_VERSION + 1);
    assert.is(metaOf(walked.layout, "schema"), String(SCHEMA_VERSION + 1));
    assert.is(metaOf(walked.layout, "recovering"), "BTC=60000");
    assert.equal(walked.notes, ["converted"]);
    assert.is(metaOf(first, "schema"), "1");
  });

  test("a walk ends where something stands in the way, and says what", async () => {
    const walked = walk(withMeta(await layoutOfNow(), "schema", "1"), new Map(), [...MIGRATIONS, NEXT]);
    assert.is(walked.to, SCHEMA_VERSION);
    assert.equal(walked.stops, ["BTC has no rate: say --rate BTC=60000"]);
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
