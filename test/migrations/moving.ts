import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { resolveConfig } from "../../src/config/schema.js";
import type { FlowLayout } from "../../src/layout/flow-layout.js";
import { BackupFile } from "../../src/transfer/backup-file.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import { DuckdbPlace } from "../../src/transfer/duckdb-place.js";
import type { FlowPlace } from "../../src/transfer/flow-place.js";
import { RedisPlace } from "../../src/transfer/redis-place.js";
import { sfState } from "../cli/command.js";
import { isMigrated } from "./expect.js";
import { OLD_FLOWS, OLD_SCHEMAS } from "./old-flows.js";
import { BEGUN, type MigrationStand } from "./stand.js";

/** What moves and looks at flows knows older schemas. */
export function moving(stand: MigrationStand): void {
  const test = suite("migrations: moving");

  async function layout(place: FlowPlace): Promise<FlowLayout> {
    const found = await place.read();
    if (!found) throw new Error(`there is nothing at ${place.name}`);
    return found.layout;
  }

  const redis = (flowId: string) => RedisPlace.connect(resolveConfig(stand.redisConfig()).redis, flowId);

  for (const schema of OLD_SCHEMAS) {
    const { told, notes } = OLD_FLOWS[schema];

    test(`a backup of a flow of schema ${schema} is of that schema, and is migrated when it is restored`, async () => {
      const flowId = await stand.oldFlow(schema);
      using from = await redis(flowId);
      const path = stand.path(`${flowId}.jsonl`);
      const backup = new BackupFile(path);
      await copyFlow(from, backup, { replace: false });
      const [header = ""] = readFileSync(path, "utf8").split("\n");
      assert.is(JSON.parse(header).schema, schema);
      assert.equal(await layout(backup), await layout(from));
      using to = await redis(`${flowId}-back`);
      const report = await copyFlow(backup, to, { replace: false, told });
      isMigrated(await layout(from), await layout(to), schema, "clean");
      assert.equal(report.notes.toSorted(), notes.toSorted());
    });

    test(`a copy of a file of schema ${schema} is of this version's, and knows the epoch it came from`, async () => {
      const from = new DuckdbPlace(await stand.oldFile(schema, "crashed"), undefined);
      const toFlow = `copied-${schema}`;
      using to = await redis(toFlow);
      await copyFlow(from, to, { toFlow, replace: false, told });
      isMigrated(await layout(from), await layout(to), schema, "crashed");
    });
  }

  test("doctor says to migrate a flow of an older schema, and to end a migration that was left", async () => {
    const flowId = await stand.oldFlow(1);
    const at = ["--flow", flowId, "--url", stand.server.url];
    assert.match(
      (await sfState(["doctor", ...at])).stdout,
      /of schema 1, this version works on 4\s+.*sf-state migrate/,
    );
    await stand.migrateAndDie(BEGUN, 1, `redis:${stand.server.url}:${flowId}`);
    assert.match(
      (await sfState(["doctor", ...at])).stdout,
      /a migration of the flow is unfinished: run sf-state migrate/,
    );
    const undone = await sfState(["migrate", "--undo", ...at]);
    assert.is(undone.code, 0, undone.stderr);
    const file = await stand.oldFile(2, "clean");
    const told = await sfState(["doctor", "--flow", "bot", "--duckdb", file]);
    assert.match(told.stdout, /of schema 2, this version works on 4: stop its bots, then run sf-state migrate/);
  });

  test("sf-state migrate says what it would do, asks, and then does it", async () => {
    const flowId = await stand.oldFlow(1);
    await using bot = await stand.openOld(1, flowId, stand.redisConfig(), "old-bot");
    await stand.client.zadd(`sf:${flowId}:execution:instances`, Date.now(), "old-bot");
    const at = ["migrate", "--flow", flowId, "--url", stand.server.url];
    const dry = await sfState([...at, "--dry-run"]);
    assert.is(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /schema 1 to 2: epochs name their schema/);
    assert.match(dry.stdout, /schema 2 to 3: positions know whether fills opened them/);
    assert.match(dry.stdout, /opened by fills, since a fill was booked on them: 1; as merely saved: 1/);
    assert.match(dry.stdout, /alive, stop them first:\n\s+old-bot, before 0\.2/);
    const unasked = await sfState([...at]);
    assert.is(unasked.code, 2);
    assert.match(unasked.stderr, /1 bot may be trading on it.*every call on it is refused, exits too/);
    await bot.heartbeat();
    const done = await sfState([...at, "--yes", "--json"]);
    assert.is(done.code, 0, done.stderr);
    const { to, steps, notes } = JSON.parse(done.stdout);
    assert.equal([to, steps.length], [4, 3]);
    assert.ok(
      notes.includes("positions taken as opened by fills, since a fill was booked on them: 1; as merely saved: 1"),
      notes.join("\n"),
    );
    const again = await sfState([...at, "--yes"]);
    assert.match(again.stdout, /is of schema 4: nothing to do/);
    assert.is(again.code, 0);
    const status = await sfState(["status", "--flow", flowId, "--url", stand.server.url]);
    assert.match(status.stdout, /old-bot \(dead\) before 0\.2/, status.stdout);
  });

  test("sf-state migrate works on a DuckDB file, and tells where the old one is", async () => {
    const file = await stand.oldFile(2, "crashed");
    const at = ["migrate", "--flow", "bot", "--duckdb", file];
    const dry = await sfState([...at, "--dry-run"]);
    assert.match(dry.stdout, /schema 2 to 3: [\s\S]*PnL, limits, exposure and equity are counted in/);
    const done = await sfState([...at, "--yes"]);
    assert.is(done.code, 0, done.stderr);
    assert.ok(done.stdout.startsWith(dry.stdout), done.stdout);
    assert.match(done.stdout, /bot: migrated from schema 2 to 4.*the old one is kept as .*\.replaced-/);
    assert.is((await sfState(["migrate", "--flow", "bot", "--duckdb", file, "--undo"])).code, 2);
  });

  test.run();
}
