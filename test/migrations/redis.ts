import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SchemaVersionError, type StateManager } from "../../src/index.js";
import { type FlowLayout, metaOf } from "../../src/layout/flow-layout.js";
import { NOTHING_TOLD } from "../../src/migrations/migration.js";
import { migrateRedis, planRedis, undoRedis } from "../../src/transfer/migrate-redis.js";
import { differences, withoutEpoch } from "../../src/transfer/portable.js";
import { readLayout } from "../../src/transfer/redis-place.js";
import { failure } from "../contract/expect.js";
import { BEGUN, type MigrationStand } from "./stand.js";

/** Where the two differ, but for what a migration to schema 2 changes. */
export function changedBeyond(old: FlowLayout, migrated: FlowLayout): string[] {
  const { "flow:meta": _, ...others } = { ...withoutEpoch(old).entries };
  const meta = old.entries["flow:meta"].filter(([name]) => name !== "schema" && name !== "epoch");
  const same = migrated.entries["flow:meta"].filter(([name]) => !["schema", "epoch", "was"].includes(name ?? ""));
  return differences(
    { ...old, entries: { ...others, "flow:meta": meta } },
    { ...migrated, entries: { ...migrated.entries, "flow:meta": same } },
  ).map(({ key, what }) => `${key} ${what}`);
}

/** The code, and the words, with which a call is refused. */
async function refusal(call: Promise<unknown>): Promise<[string, string]> {
  const error = await failure(call);
  if (!("code" in error)) throw error;
  return [String(error.code), error.message];
}

export function redisMigrations(stand: MigrationStand): void {
  const test = suite("migrations: Redis");

  async function layout(flowId: string): Promise<FlowLayout> {
    using flow = await stand.flow(flowId);
    const found = await readLayout(flow);
    if (!found) throw new Error(`there is no flow ${flowId}`);
    return found;
  }

  async function migrate(flowId: string): Promise<void> {
    using flow = await stand.flow(flowId);
    await migrateRedis(flow, NOTHING_TOLD, () => {});
  }

  test("a stored flow of schema 1 is the same flow of schema 2 under an epoch that says so, and knows its old one", async () => {
    const flowId = await stand.oldFlow();
    const old = await layout(flowId);
    await migrate(flowId);
    const now = await layout(flowId);
    assert.equal(changedBeyond(old, now), []);
    assert.is(metaOf(now, "schema"), "2");
    assert.match(metaOf(now, "epoch") ?? "", /^2\.[0-9a-f-]{36}$/);
    assert.is(metaOf(now, "was"), metaOf(old, "epoch"));
    assert.is(metaOf(now, "migrating"), undefined);
    assert.is((await stand.client.keys(`sf:${flowId}:import:*`)).length, 0);
    await using bot = await stand.open(flowId, stand.redisConfig());
    assert.is((await bot.getPositions()).length, 2);
    assert.is(await bot.isSignalProcessed("s7"), true);
  });

  test("connect migrates nothing: it says what to do", async () => {
    const flowId = await stand.oldFlow();
    const old = await layout(flowId);
    const error = await failure(stand.open(flowId, stand.redisConfig()));
    assert.instance(error, SchemaVersionError);
    assert.match(error.message, /of schema 1, this version works on 2: stop its bots, then run sf-state migrate/);
    assert.equal(await layout(flowId), old);
  });

  test("bots of schema 1 that trade meanwhile end in errors that say what to do, and lose nothing that they were told", async () => {
    const flowId = await stand.oldFlow();
    const won: string[] = [];
    const saved: string[] = [];
    const bots = await Promise.all(["a", "b", "c"].map((name) => stand.openOld(flowId, stand.redisConfig(), name)));
    const trade = async (bot: StateManager): Promise<never> => {
      for (let i = 0; ; i++) {
        const id = `${bot.instanceId}-${i}`;
        if (await bot.markSignalProcessed(id, "BTC/USDT")) won.push(id);
        await bot.savePosition({ id, pair: "BTC/USDT", side: "long", size: 1, entryPrice: 2 });
        saved.push(id);
        await bot.heartbeat();
      }
    };
    const ends = bots.map((bot) => refusal(trade(bot)));
    while (won.length < 30) await new Promise(setImmediate);
    await migrate(flowId);
    for (const [code, words] of await Promise.all(ends)) {
      assert.is(code, "STATE_LOST");
      assert.match(words, /Close and connect again/);
    }
    for (const bot of bots) {
      await bot.close();
      const [code, words] = await refusal(bot.connect());
      assert.is(code, "SCHEMA_VERSION");
      assert.match(words, /schema 2, this version knows 1: upgrade signalflow-state/);
    }
    await using bot = await stand.open(flowId, stand.redisConfig());
    for (const id of won) assert.is(await bot.markSignalProcessed(id, "BTC/USDT"), false, id);
    const there = new Set((await bot.getPositions()).map(({ id }) => id));
    assert.equal(
      saved.filter((id) => !there.has(id)),
      [],
    );
    assert.equal(
      (await bot.getInstances()).map(({ version }) => version),
      [undefined, undefined, undefined, undefined],
    );
  });

  test("a migration that is killed after any of its steps is ended by the next run, or undone; meanwhile all is refused", async () => {
    let kills = 0;
    for (let step = 0; ; step++) {
      const flowId = await stand.oldFlow();
      const old = await layout(flowId);
      const bot = await stand.openOld(flowId, stand.redisConfig());
      if (!(await stand.migrateAndDie(step, `redis:${stand.server.url}:${flowId}`))) {
        await bot.close();
        break;
      }
      kills++;
      const meta = await stand.client.hmget(`sf:${flowId}:flow:meta`, "epoch", "migrating", "schema");
      if (typeof meta[1] === "string") {
        assert.is((await refusal(bot.heartbeat()))[0], "STATE_LOST");
        const [code, words] = await refusal(stand.open(flowId, stand.redisConfig()));
        assert.is(code, "SCHEMA_VERSION");
        assert.match(words, /unfinished: run sf-state migrate to end or undo it/);
        using flow = await stand.flow(flowId);
        assert.is((await planRedis(flow, NOTHING_TOLD)).unfinished, true);
        if (step % 2 === 0) {
          assert.is(await undoRedis(flow), true);
          assert.is(await undoRedis(flow), false);
          assert.equal(await layout(flowId), old, `step ${step}`);
          await bot.markSignalProcessed("goes on", "BTC/USDT");
        }
      }
      await bot.close();
      const isDone = typeof meta[1] !== "string" && meta[2] === "2";
      if (isDone) assert.match((await refusal(migrate(flowId)))[1], /of schema 2 already: there is nothing to migrate/);
      else await migrate(flowId);
      const now = await layout(flowId);
      const beyond = changedBeyond(old, now).filter((what) => !/^(signals:|events:log)/.test(what));
      assert.equal(beyond, [], `step ${step}`);
      assert.is(metaOf(now, "was"), metaOf(old, "epoch"));
      assert.is((await stand.client.keys(`sf:${flowId}:import:*`)).length, 0);
    }
    assert.ok(kills > 5, `${kills} kills`);
  });

  test("a second run takes a migration over, and the first one cannot finish", async () => {
    const flowId = await stand.oldFlow();
    using first = await stand.flow(flowId);
    const { run } = first;
    first.run = async (name, keys, argv) => {
      if (name === "migration/finish") await migrate(flowId);
      return run.call(first, name, keys, argv);
    };
    const [code, words] = await refusal(migrateRedis(first, NOTHING_TOLD, () => {}));
    assert.is(code, "LOCKED");
    assert.match(words, /another run of sf-state migrate has taken this migration over/);
    assert.is(metaOf(await layout(flowId), "schema"), "2");
  });

  test("a flow that cannot be read is not closed, and stays as it is", async () => {
    const flowId = await stand.oldFlow();
    await stand.client.hset(`sf:${flowId}:positions:open`, "saved", "{garbage");
    const bot = await stand.openOld(flowId, stand.redisConfig());
    const [code, words] = await refusal(migrate(flowId));
    assert.is(code, "CORRUPT_STATE");
    assert.match(words, /positions:open.*"saved"/);
    await bot.heartbeat();
    await bot.close();
  });

  test("scripts that name no epoch refuse a flow of schema 1, and one that is being migrated", async () => {
    const flowId = await stand.oldFlow();
    const heartbeat = () =>
      stand.server.cli(
        ...["--eval", "lua/get_last_heartbeat.lua", `sf:${flowId}:flow:meta`, `sf:${flowId}:execution:heartbeat`],
        ...[",", "", "", ""],
      );
    assert.match(await heartbeat(), /SFSCHEMA the flow is of schema 1, this script is of schema 2/);
    assert.is(await stand.migrateAndDie(BEGUN, `redis:${stand.server.url}:${flowId}`), true);
    assert.match(await heartbeat(), /SFSCHEMA a migration of the flow is unfinished/);
    await migrate(flowId);
    assert.not.match(await heartbeat(), /SFSCHEMA/);
  });

  test.run();
}
