import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RedisFlow } from "../../src/backends/redis/flow.js";
import { resolveConfig } from "../../src/config/schema.js";
import type { Finding } from "../../src/doctor/finding.js";
import { checkRedis, type RedisExpected } from "../../src/doctor/redis-checks.js";
import { redisFacts } from "../../src/doctor/redis-facts.js";
import { type Config, StateManager } from "../../src/index.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import { RedisPlace } from "../../src/transfer/redis-place.js";
import { fill } from "../contract/calls.js";
import { startRedis } from "../servers/redis.js";
import { until } from "../servers/until.js";
import type { TransferStand } from "../transfer/stand.js";

const DAY = 86_400_000;
const EXPECTED: RedisExpected = { maxStateAge: DAY, deadAfter: 60_000, limits: {}, waitReplicas: 0 };

/** Each fault, made for real on a real Redis, is found; where there is none, none is. */
export function redisDoctor(stand: TransferStand): void {
  const test = suite("doctor: redis");

  async function findings(flowId: string, redis: Config["redis"] = { url: stand.server.url }): Promise<Finding[]> {
    using flow = await RedisFlow.connect(resolveConfig({ backend: "redis", redis }).redis, flowId);
    return checkRedis(await redisFacts(flow), EXPECTED);
  }

  /** A flow that is well, on the shared server. */
  async function wellFlow(more?: (manager: StateManager) => Promise<unknown>): Promise<string> {
    const flowId = stand.fresh();
    await using manager = await stand.openRedis(flowId);
    await manager.heartbeat();
    await manager.savePosition({ id: "p", pair: "A/USDT", side: "long", size: 2, entryPrice: 3 });
    await manager.saveOrder({ id: "o", pair: "A/USDT", side: "buy", size: 1, price: 5 });
    await more?.(manager);
    return flowId;
  }

  function has(found: readonly Finding[], level: Finding["level"], subject: string, words: RegExp): void {
    const fitting = found.filter((each) => each.level === level && each.subject === subject);
    assert.ok(
      fitting.some((each) => words.test(each.found)),
      `no ${level} of ${subject} that says ${words}:\n${found.map((f) => `${f.level} ${f.subject}: ${f.found}`).join("\n")}`,
    );
    if (level !== "ok") for (const { advice } of fitting) assert.not.equal(advice, "");
  }

  test("what nobody could price, or told, is named with its position or trade", async () => {
    const flowId = await wellFlow(async (manager) => {
      await manager.saveOrder({ id: "in", pair: "A/USDT", side: "buy", size: 2, price: 5 });
      await manager.recordFill("in", { fillId: "1", price: 5, size: 2, fee: { amount: 0.01, currency: "BNB" } });
      await manager.closePosition("p", { pnl: -1, currency: "C" });
      await manager.saveOrder({ id: "lost", pair: "A/USDT", side: "buy", size: 1, price: 5 });
      await manager.recordFill("lost", { fillId: "1", price: 5, size: 1 });
      await manager.removePosition("lost");
    });
    const found = await findings(flowId);
    has(found, "note", "money", /^1 position with amounts .*: in: fee BNB 0\.01$/);
    has(found, "note", "money", /^1 trade with amounts .*: p \(\d+-\d+\): result C -1$/);
    has(found, "problem", "money", /^1 trade with a result that nobody told: lost /);
    has(await findings(await wellFlow()), "ok", "money", /./);
  });

  const key = (flowId: string, name: string) => `sf:${flowId}:${name}`;

  test("a flow that is well has no problem but the server's: this one writes nothing to disk", async () => {
    const found = await findings(await wellFlow());
    assert.equal(
      found.filter(({ level }) => level === "problem").map(({ subject }) => subject),
      ["persistence"],
    );
    for (const subject of ["server", "memory", "clock", "latency", "scripts", "keys", "schema", "records", "sums"]) {
      has(found, "ok", subject, /./);
    }
    has(found, "note", "replicas", /none/);
  });

  test("looking changes nothing", async () => {
    const flowId = await wellFlow(fill);
    using place = await RedisPlace.connect(stand.redisConfig(), flowId);
    const [before, keys] = [(await place.read())?.layout, await stand.keys(flowId)];
    await findings(flowId);
    assert.equal((await place.read())?.layout, before);
    assert.equal(await stand.keys(flowId), keys);
  });

  test("what a crash would lose is said for each way to write to disk", async () => {
    for (const [args, level, words] of [
      [{ appendonly: "no", save: "3600 1" }, "problem", /only snapshots .*loses all changes/],
      [{ appendonly: "yes", appendfsync: "everysec" }, "note", /last second/],
      [{ appendonly: "yes", appendfsync: "always" }, "ok", /loses nothing/],
      [{ appendonly: "yes", appendfsync: "no" }, "problem", /appendfsync no/],
    ] as const) {
      await using server = await startRedis({ args });
      const config = { backend: "redis", redis: { url: server.url } } as const;
      await (await StateManager.open("bot", config)).close();
      has(await findings("bot", config.redis), level, "persistence", words);
    }
  });

  test("a policy that evicts, a memory nearly full, and scripts that are not loaded are found", async () => {
    await using server = await startRedis();
    const redis = { url: server.url };
    await (await StateManager.open("bot", { backend: "redis", redis })).close();
    await server.cli("config", "set", "maxmemory-policy", "allkeys-lru");
    await server.cli("config", "set", "maxmemory", "1100kb");
    await server.cli("script", "flush");
    const found = await findings("bot", redis);
    has(found, "problem", "memory", /allkeys-lru/);
    has(found, "problem", "memory", /maxmemory\) are used/);
    has(found, "note", "scripts", /not loaded/);
  });

  test("a replica is found to be one, and a master that does not wait for its replica", async () => {
    await using master = await startRedis();
    await using replica = await startRedis({ args: { replicaof: `127.0.0.1 ${master.port}` } });
    await (await StateManager.open("bot", { backend: "redis", redis: { url: master.url } })).close();
    await until("the replica is in step", async () =>
      (await replica.cli("info", "replication")).includes("master_link_status:up"),
    );
    await until("the master counts it", async () =>
      (await master.cli("info", "replication")).includes("connected_slaves:1"),
    );
    has(await findings("bot", { url: replica.url }), "problem", "replicas", /is a replica/);
    has(await findings("bot", { url: master.url }), "note", "replicas", /min-replicas-to-write is 0/);
    await master.cli("config", "set", "min-replicas-to-write", "1");
    has(await findings("bot", { url: master.url }), "ok", "replicas", /1 replica, min-replicas-to-write 1/);
  });

  test("a user who may not look is told so, and the rest is looked at", async () => {
    await using server = await startRedis();
    await (await StateManager.open("bot", { backend: "redis", redis: { url: server.url } })).close();
    await server.cli("acl", "setuser", "guest", "on", ">secret", "~*", "+@all", "-info", "-config", "-memory", "-scan");
    const found = await findings("bot", { url: server.url, username: "guest", password: "secret" });
    for (const subject of ["server", "persistence", "memory", "replicas", "keys"]) {
      has(found, "note", subject, /^not permitted to look/);
    }
    has(found, "ok", "records", /every record/);
    await server.cli("acl", "setuser", "guest", "+scan", "+info");
    const more = await findings("bot", { url: server.url, username: "guest", password: "secret" });
    has(more, "note", "keys", /^not permitted to look/);
    has(more, "problem", "persistence", /appendonly is off/);
  });

  for (const [title, spoil, level, subject, words] of [
    ["no flow at all", (f) => stand.client.del(key(f, "flow:meta")), "problem", "flow", /no such flow/],
    [
      "a newer schema",
      (f) => stand.client.hset(key(f, "flow:meta"), "schema", "99"),
      "problem",
      "schema",
      /schema 99, this version knows/,
    ],
    [
      "a key of another type",
      async (f) => {
        await stand.client.del(key(f, "positions:open"));
        await stand.client.set(key(f, "positions:open"), "x");
      },
      "problem",
      "keys",
      /positions:open is a string, expected a hash/,
    ],
    ["a key nobody knows", (f) => stand.client.set(key(f, "left:over"), "x"), "note", "keys", /left:over/],
    [
      "a key that will vanish",
      (f) => stand.client.expire(key(f, "positions:open"), 1000),
      "problem",
      "keys",
      /positions:open will vanish in/,
    ],
    [
      "a remembered answer without an end",
      (f) => stand.client.hset(key(f, "execution:call:x"), "0", "marked\u00000:1"),
      "problem",
      "keys",
      /the answers of 1 session without an end/,
    ],
    [
      "a record that cannot be read",
      (f) => stand.client.hset(key(f, "positions:open"), "p", "{garbage"),
      "problem",
      "records",
      /positions:open cannot be read: "p": expected JSON/,
    ],
    [
      "a record with a foreign field",
      (f) => stand.client.hset(key(f, "risk:daily"), "day", "2024-01-01", "foreign", "1"),
      "problem",
      "records",
      /risk:daily cannot be read/,
    ],
    [
      "a sum that is not the sum",
      (f) => stand.client.hset(key(f, "risk:exposure"), "notional", "7"),
      "problem",
      "sums",
      /risk:exposure notional is 7, positions and orders add up to 11/,
    ],
    [
      "a slot nobody holds",
      (f) => stand.client.hset(key(f, "risk:exposure"), "pair:X/Y", "1"),
      "problem",
      "sums",
      /pair:X\/Y is 1, .* add up to 0/,
    ],
    [
      "a position that takes another part of the exposure than it is worth",
      async (f) => {
        const text = (await stand.client.hget(key(f, "positions:open"), "p")) ?? "";
        await stand.client.hset(key(f, "positions:open"), "p", text.replace('"notional":"6"', '"notional":"60"'));
      },
      "problem",
      "sums",
      /position p takes 60 .* is 6$/,
    ],
    [
      "a closed order without its time",
      async (f) => {
        const text = (await stand.client.hget(key(f, "orders:pending"), "o")) ?? "";
        await stand.client.hset(key(f, "orders:closed"), "o", text);
      },
      "problem",
      "orders",
      /1 order without a time in orders:closed_at: o/,
    ],
    [
      "the time of a closed order that is not there",
      (f) => stand.client.zadd(key(f, "orders:closed_at"), 1, "gone"),
      "problem",
      "orders",
      /names 1 order that orders:closed lacks: gone/,
    ],
    [
      "a stale heartbeat",
      (f) => stand.client.set(key(f, "execution:heartbeat"), String(Date.now() - 2 * DAY)),
      "problem",
      "heartbeat",
      /2 days old|48 h old/,
    ],
    [
      "a heartbeat from the future",
      (f) => stand.client.set(key(f, "execution:heartbeat"), String(Date.now() + DAY)),
      "problem",
      "heartbeat",
      /in the future/,
    ],
    [
      "a signal from the future",
      (f) => stand.client.zadd(key(f, "signals:processed"), Date.now() + DAY, "s"),
      "problem",
      "times",
      /signals:processed has entries 24 h in the future/,
    ],
    [
      "a lease without an end in sight",
      (f) =>
        stand.client.hset(key(f, "execution:lease"), "token", "1", "holder", "bot-9", "until", Date.now() + 99 * DAY),
      "problem",
      "lease",
      /bot-9 holds it for another 99 days/,
    ],
  ] satisfies [string, (flowId: string) => Promise<unknown>, Finding["level"], string, RegExp][]) {
    test(`found: ${title}`, async () => {
      const flowId = await wellFlow();
      await spoil(flowId);
      has(await findings(flowId), level, subject, words);
    });
  }

  test("found: what bots themselves do: breaker, recovery, cooldowns, an order of unknown fate, an exit of nothing", async () => {
    const flowId = await wellFlow(async (manager) => {
      await manager.triggerCircuitBreaker("by hand", { duration: "until_reset" });
      await manager.beginRecovery("a look");
      await manager.setCooldown("*", "1h");
      await manager.setCooldown("A/USDT", 60 * DAY);
      await manager.saveOrder({ id: "u", pair: "A/USDT", side: "buy", size: 1, price: 5, status: "unknown" });
      await manager.saveOrder({ id: "x", pair: "A/USDT", side: "sell", size: 1, intent: "exit", positionId: "gone" });
    });
    const found = await findings(flowId);
    has(found, "note", "breaker", /until somebody resets it: by hand/);
    has(found, "problem", "recovery", /has begun and not ended: a look/);
    has(found, "note", "cooldowns", /all pairs/);
    has(found, "note", "cooldowns", /1 cooldown ends in more than 30 days: A\/USDT/);
    has(found, "note", "orders", /1 order in status unknown: u/);
    has(found, "note", "orders", /order x is to close position gone/);
  });

  test("found: an import that was left unfinished", async () => {
    const flowId = await wellFlow();
    const target = stand.fresh();
    using from = await RedisPlace.connect(stand.redisConfig(), flowId);
    using to = await RedisPlace.connect(stand.redisConfig(), target);
    const interrupted = copyFlow(from, to, {
      replace: false,
      progress: (done) => {
        if (done === 2) throw new Error("interrupted");
      },
    });
    await interrupted.catch(() => {});
    has(await findings(target), "problem", "import", /unfinished/);
  });

  test("clocks that differ and a slow way to the server are judged by what was measured", async () => {
    using flow = await RedisFlow.connect(stand.redisConfig(), await wellFlow());
    const facts = await redisFacts(flow);
    has(checkRedis({ ...facts, clockOffset: 5_000 }, EXPECTED), "note", "clock", /5 s ahead of/);
    has(checkRedis({ ...facts, clockOffset: -90_000 }, EXPECTED), "problem", "clock", /90 s behind/);
    has(checkRedis({ ...facts, roundTrips: [30, 31, 900] }, EXPECTED), "note", "latency", /31.0 ms/);
    has(checkRedis({ ...facts, roundTrips: [300, 300, 300] }, EXPECTED), "problem", "latency", /300.0 ms/);
  });

  test("a wrong sum is cured by a backup and its restore, as the doctor says", async () => {
    const flowId = await wellFlow();
    await stand.client.hset(key(flowId, "risk:exposure"), "notional", "7");
    using place = await RedisPlace.connect(stand.redisConfig(), flowId);
    const backup = stand.backup(`${stand.fresh()}.jsonl`);
    await copyFlow(place, backup, { replace: false });
    await copyFlow(backup, place, { replace: true });
    has(await findings(flowId), "ok", "sums", /exposure 11 in 2 slots/);
  });

  test.run();
}
