import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SchemaVersionError, type StateManager } from "../../src/index.js";
import { stateOf } from "../../src/layout/convert.js";
import { type FlowLayout, metaOf } from "../../src/layout/flow-layout.js";
import { SCHEMA_VERSION } from "../../src/state/flow-state.js";
import { migrateRedis, planRedis, undoRedis } from "../../src/transfer/migrate-redis.js";
import { readLayout } from "../../src/transfer/redis-place.js";
import { failure } from "../contract/expect.js";
import { numbers, some } from "../long.js";
import { changedBeyond, isMigrated } from "./expect.js";
import { OLD_FLOWS, OLD_SCHEMAS, type OldSchema } from "./old-flows.js";
import { BEGUN, type MigrationStand } from "./stand.js";

/** The code, and the words, with which a call is refused. */
async function refusal(call: Promise<unknown>): Promise<[string, string]> {
  const error = await failure(call);
  if (!("code" in error)) throw error;
  return [String(error.code), error.message];
}

export function redisMigrations(stand: MigrationStand): void {
  for (const schema of OLD_SCHEMAS) migrationsFrom(schema, stand);
}

function migrationsFrom(schema: OldSchema, stand: MigrationStand): void {
  const test = suite(`migrations: Redis, from schema ${schema}`);
  const { opened, told, changes, notes: expectedNotes, version } = OLD_FLOWS[schema];

  async function layout(flowId: string): Promise<FlowLayout> {
    using flow = await stand.flow(flowId);
    const found = await readLayout(flow);
    if (!found) throw new Error(`there is no flow ${flowId}`);
    return found;
  }

  async function migrate(flowId: string): Promise<void> {
    using flow = await stand.flow(flowId);
    await migrateRedis(flow, told, () => {});
  }

  test("a stored flow is the same flow under an epoch that says its new schema, and knows its old one", async () => {
    const flowId = await stand.oldFlow(schema);
    const old = await layout(flowId);
    await migrate(flowId);
    isMigrated(old, await layout(flowId), schema, "clean");
    assert.is((await stand.client.keys(`sf:${flowId}:import:*`)).length, 0);
    await using bot = await stand.open(schema, flowId, stand.redisConfig());
    assert.equal(
      (await bot.getPositions()).map(({ id, openedBy }) => [id, openedBy]).toSorted(),
      Object.entries(opened.clean).toSorted(),
    );
    assert.is(await bot.isSignalProcessed("s7"), true);
  });

  test("what is planned is told, with the positions that fills opened, and changes nothing", async () => {
    const flowId = await stand.oldFlow(schema);
    const old = await layout(flowId);
    using flow = await stand.flow(flowId);
    const { from, to, steps, notes, stops, instances } = await planRedis(flow, told);
    assert.equal([from, to, steps.length, stops], [schema, SCHEMA_VERSION, SCHEMA_VERSION - schema, []]);
    assert.equal(notes.toSorted(), expectedNotes.toSorted());
    assert.equal(
      instances.map(({ id, version }) => [id, version]),
      [["bot-1", version]],
    );
    assert.equal(await layout(flowId), old);
  });

  test("sums are made anew, whatever was stored: admission goes by what positions and orders take", async () => {
    const flowId = await stand.oldFlow(schema);
    const old = await layout(flowId);
    await stand.client.hset(`sf:${flowId}:risk:exposure`, "notional", "1", "slots", "77", "pair:BTC/USDT", "55");
    await migrate(flowId);
    const now = await layout(flowId);
    isMigrated(old, now, schema, "clean");

    await using bot = await stand.open(schema, flowId, stand.redisConfig());
    await bot.endRecovery();
    await bot.resetCircuitBreaker("seen to");
    await bot.clearCooldown("*");
    await bot.setRiskLimits({ max_open_positions: stateOf(now).exposure.slots + 1 });
    const entry = { pair: "NEW/USDT", side: "long", size: 1, price: 1 } as const;
    assert.is((await bot.admit({ ...entry, signalId: "fits" })).admitted, true);
    const refused = await bot.admit({ ...entry, signalId: "one too many" });
    assert.is(refused.admitted ? "admitted" : refused.reason, "max_open_positions");
  });

  // No flow of these schemas was in an account; those of the next migration may be.
  test("a flow that is in an account is in it afterwards, also when the migration is undone", async () => {
    const flowId = await stand.oldFlow(schema);
    const metaKey = `sf:${flowId}:flow:meta`;
    const membership = ["main", "4.epoch of the account"];
    await stand.client.hset(metaKey, "account", "main", "account_epoch", "4.epoch of the account");
    const of = () => stand.client.hmget(metaKey, "account", "account_epoch");
    {
      using flow = await stand.flow(flowId);
      const dies = migrateRedis(flow, told, (done) => {
        if (done > BEGUN) throw new TypeError("stop here");
      });
      await failure(dies);
    }
    assert.equal(await of(), membership, "undone");
    await migrate(flowId);
    assert.equal(await of(), membership);
    assert.is(metaOf(await layout(flowId), "schema"), String(SCHEMA_VERSION));
  });

  test("connect migrates nothing: it says what to do", async () => {
    const flowId = await stand.oldFlow(schema);
    const old = await layout(flowId);
    const error = await failure(stand.open(schema, flowId, stand.redisConfig()));
    assert.instance(error, SchemaVersionError);
    assert.match(
      error.message,
      new RegExp(
        `of schema ${schema}, this version works on ${SCHEMA_VERSION}: stop its bots, then run sf-state migrate`,
      ),
    );
    assert.equal(await layout(flowId), old);
  });

  test("bots of its schema that trade meanwhile end in errors that say what to do, and lose nothing that they were told", async () => {
    const flowId = await stand.oldFlow(schema);
    const won: string[] = [];
    const saved: string[] = [];
    const bots = await Promise.all(
      ["a", "b", "c"].map((name) => stand.openOld(schema, flowId, stand.redisConfig(), name)),
    );
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
      assert.match(
        words,
        new RegExp(`schema ${SCHEMA_VERSION}, this version knows ${schema}: upgrade signalflow-state`),
      );
    }
    await using bot = await stand.open(schema, flowId, stand.redisConfig());
    for (const id of won) assert.is(await bot.markSignalProcessed(id, "BTC/USDT"), false, id);
    const there = new Set((await bot.getPositions()).map(({ id }) => id));
    assert.equal(
      saved.filter((id) => !there.has(id)),
      [],
    );
    assert.equal(
      (await bot.getInstances()).map((each) => each.version),
      [version, version, version, version],
    );
  });

  test("a migration that is killed after any of its steps is ended by the next run, or undone; meanwhile all is refused", async () => {
    const place = (flowId: string) => `redis:${stand.server.url}:${flowId}`;
    const steps = await stand.migrationSteps(schema, place(await stand.oldFlow(schema)));
    assert.ok(steps > 5, `${steps} steps`);
    for (const step of some(numbers(0, steps - 1), 3)) {
      const flowId = await stand.oldFlow(schema);
      // It may have been copied or migrated before.
      if (schema > 1) await stand.client.hset(`sf:${flowId}:flow:meta`, "was", "an older epoch");
      const old = await layout(flowId);
      const bot = await stand.openOld(schema, flowId, stand.redisConfig());
      assert.ok(await stand.migrateAndDie(step, schema, place(flowId)), `there is no step ${step}`);
      const meta = await stand.client.hmget(`sf:${flowId}:flow:meta`, "epoch", "migrating", "schema");
      if (typeof meta[1] === "string") {
        assert.is((await refusal(bot.heartbeat()))[0], "STATE_LOST");
        const [code, words] = await refusal(stand.open(schema, flowId, stand.redisConfig()));
        assert.is(code, "SCHEMA_VERSION");
        assert.match(words, /unfinished: run sf-state migrate to end or undo it/);
        using flow = await stand.flow(flowId);
        assert.is((await planRedis(flow, told)).unfinished, true);
        if (step % 2 === 0) {
          assert.is(await undoRedis(flow), true);
          assert.is(await undoRedis(flow), false);
          assert.equal(await layout(flowId), old, `step ${step}`);
          await bot.markSignalProcessed("goes on", "BTC/USDT");
        }
      }
      await bot.close();
      const isDone = typeof meta[1] !== "string" && meta[2] === String(SCHEMA_VERSION);
      if (isDone) assert.match((await refusal(migrate(flowId)))[1], /of schema 4 already: there is nothing to migrate/);
      else await migrate(flowId);
      const now = await layout(flowId);
      const beyond = changedBeyond(old, now, changes.clean).filter((what) => !/^(signals:|events:log)/.test(what));
      assert.equal(beyond, [], `step ${step}`);
      assert.is(metaOf(now, "was"), metaOf(old, "epoch"));
      assert.is((await stand.client.keys(`sf:${flowId}:import:*`)).length, 0);
    }
  });

  test("a second run takes a migration over, and the first one cannot finish", async () => {
    const flowId = await stand.oldFlow(schema);
    using first = await stand.flow(flowId);
    const { run } = first;
    first.run = async (name, keys, argv) => {
      if (name === "migration/finish") await migrate(flowId);
      return run.call(first, name, keys, argv);
    };
    const [code, words] = await refusal(migrateRedis(first, told, () => {}));
    assert.is(code, "LOCKED");
    assert.match(words, /another run of sf-state migrate has taken this migration over/);
    assert.is(metaOf(await layout(flowId), "schema"), String(SCHEMA_VERSION));
  });

  test("a flow that cannot be read is not closed, and stays as it is", async () => {
    const flowId = await stand.oldFlow(schema);
    await stand.client.hset(`sf:${flowId}:positions:open`, "saved", "{garbage");
    const bot = await stand.openOld(schema, flowId, stand.redisConfig());
    const [code, words] = await refusal(migrate(flowId));
    assert.is(code, "CORRUPT_STATE");
    assert.match(words, /positions:open.*"saved"/);
    await bot.heartbeat();
    await bot.close();
  });

  test("scripts that name no epoch refuse the flow, and one that is being migrated", async () => {
    const flowId = await stand.oldFlow(schema);
    const heartbeat = () =>
      stand.server.cli(
        ...["--eval", "lua/get_last_heartbeat.lua", `sf:${flowId}:flow:meta`, `sf:${flowId}:execution:heartbeat`],
        ...[",", "", "", ""],
      );
    assert.match(
      await heartbeat(),
      new RegExp(`SFSCHEMA the flow is of schema ${schema}, this script is of schema ${SCHEMA_VERSION}`),
    );
    assert.is(await stand.migrateAndDie(BEGUN, schema, `redis:${stand.server.url}:${flowId}`), true);
    assert.match(await heartbeat(), /SFSCHEMA a migration of the flow is unfinished/);
    await migrate(flowId);
    assert.not.match(await heartbeat(), /SFSCHEMA/);
  });

  test.run();
}
