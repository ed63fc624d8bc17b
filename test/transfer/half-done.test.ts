/** Imports and migrations that the server refuses on their way: nothing of the flow is half done, and it is told as what it is. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { judge } from "../../src/backends/redis/attempt-failure.js";
import { RedisFlow } from "../../src/backends/redis/flow.js";
import { script } from "../../src/backends/redis/scripts.js";
import { resolveConfig } from "../../src/config/schema.js";
import { ConnectionError, CorruptStateError } from "../../src/errors.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import { migrateRedis, undoRedis } from "../../src/transfer/migrate-redis.js";
import { RedisPlace } from "../../src/transfer/redis-place.js";
import { fill } from "../contract/calls.js";
import { failure } from "../contract/expect.js";
import { some } from "../long.js";
import { OLD_FLOWS } from "../migrations/old-flows.js";
import { MigrationStand } from "../migrations/stand.js";
import { redisCli } from "../servers/redis-binary.cjs";
import { TransferStand } from "./stand.js";

const stand = await TransferStand.start();
const old = await MigrationStand.start();
const test = suite("imports and migrations that are refused");

test.after(async () => {
  await stand[Symbol.asyncDispose]();
  await old[Symbol.asyncDispose]();
});

type Server = Pick<TransferStand, "server" | "client">;

/** What the scripts of imports and migrations write with. */
const WRITING = ["unlink", "hset", "hdel", "zadd", "set", "xadd", "xsetid", "rename"];

/** What a flow is put into its place with. */
const FINISHING = ["unlink", "hset", "xsetid", "rename", "exists", "xrevrange"];

/** At once, as the callbacks here cannot wait. */
function cli({ server }: Server, ...words: string[]): void {
  const { status, stdout } = spawnSync(redisCli(), ["-p", String(server.port), ...words], { encoding: "utf8" });
  assert.is(`${status} ${/^(?:OK|1|0)/.test(stdout)}`, "0 true", stdout);
}

function user(on: Server, ...rules: string[]): void {
  cli(on, "acl", "setuser", "mover", "reset", "on", ">pw", "~*", "+@all", ...rules);
}

/** The server as that user. */
function asUser({ server }: Server) {
  return resolveConfig({ backend: "redis", redis: { url: `redis://mover:pw@127.0.0.1:${server.port}` } }).redis;
}

/** What a key holds, whatever the order of its fields. */
async function contents({ client }: Server, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case "hash":
      return Object.entries(await client.hgetall(key)).sort();
    case "zset":
      return client.zrange(key, "0", "-1", "WITHSCORES");
    case "stream":
      return client.xrange(key, "-", "+");
    default:
      return client.get(key);
  }
}

/** By key, a digest of what Redis has of a flow, without what is staged beside it. */
async function stored(on: Server, flowId: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const key of (await on.client.keys(`sf:${flowId}:*`)).sort()) {
    if (key.includes(":import:")) continue;
    found[key] = createHash("sha256")
      .update(JSON.stringify(await contents(on, key)))
      .digest("hex");
  }
  return found;
}

/** A flow to copy, and one that is to be replaced by it. */
async function two(): Promise<{ readonly from: RedisPlace; readonly toFlow: string }> {
  const [fromFlow, toFlow] = [stand.fresh(), stand.fresh()];
  for (const flowId of [fromFlow, toFlow]) {
    await using manager = await stand.openRedis(flowId);
    await manager.savePosition({ id: flowId, pair: "A/USDT", side: "long", size: 2, entryPrice: 3 });
    if (flowId === fromFlow) await fill(manager);
  }
  return { from: await stand.redis(fromFlow), toFlow };
}

for (const command of WRITING) {
  test(`without ${command} an import is refused before it begins, and that is named`, async () => {
    const { from, toFlow } = await two();
    const before = await stored(stand, toFlow);
    user(stand, `-${command}`);
    using to = await RedisPlace.connect(asUser(stand), toFlow);
    const error = await failure(copyFlow(from, to, { toFlow, replace: true }));
    assert.instance(error, ConnectionError);
    assert.match(error.message, new RegExp(`user mover may not run ${command}: ACL SETUSER mover \\+${command} `));
    assert.equal(await stored(stand, toFlow), before);
    assert.is(await to.isImporting(), false);
  });
}

for (const command of some(FINISHING, 3)) {
  test(`an import whose user loses ${command} when all is staged puts nothing in place; with the right it ends`, async () => {
    const { from, toFlow } = await two();
    const before = await stored(stand, toFlow);
    user(stand);
    using to = await RedisPlace.connect(asUser(stand), toFlow);
    const lose = (done: number, total: number) => {
      if (done === total - 1) user(stand, `-${command}`);
    };
    const error = await failure(copyFlow(from, to, { toFlow, replace: true, progress: lose }));
    assert.instance(error, ConnectionError);
    assert.match(error.message, new RegExp(`may not run ${command}: ACL SETUSER mover \\+${command}`));
    assert.equal(await stored(stand, toFlow), before);
    user(stand);
    assert.is((await copyFlow(from, to, { toFlow, replace: true })).outcome, "copied");
  });
}

test("an import that meets maxmemory leaves the flow as it is, says so, and goes on when there is memory again", async () => {
  for (const at of ["beginning", "staging"]) {
    const { from, toFlow } = await two();
    const before = await stored(stand, toFlow);
    user(stand);
    using to = await RedisPlace.connect(asUser(stand), toFlow);
    const full = () => cli(stand, "config", "set", "maxmemory", "1");
    if (at === "beginning") full();
    const progress = (done: number) => {
      if (at === "staging" && done === 1) full();
    };
    const error = await failure(copyFlow(from, to, { toFlow, replace: true, progress }));
    assert.instance(error, ConnectionError);
    assert.match(error.message, /Redis is at its maxmemory and refused the change/);
    assert.equal(await stored(stand, toFlow), before);
    cli(stand, "config", "set", "maxmemory", "0");
    assert.is((await copyFlow(from, to, { toFlow, replace: true })).outcome, "copied");
  }
});

test("a key of another type, found when all is staged, is named as that, and nothing is put in place", async () => {
  const { from, toFlow } = await two();
  user(stand);
  using to = await RedisPlace.connect(asUser(stand), toFlow);
  const lease = `sf:${toFlow}:execution:lease`;
  const spoil = (done: number, total: number) => {
    if (done === total - 1) cli(stand, "set", lease, "text");
  };
  const before = await stored(stand, toFlow);
  const error = await failure(copyFlow(from, to, { toFlow, replace: true, progress: spoil }));
  assert.instance(error, CorruptStateError);
  assert.match(error.message, /another type; nothing was changed/);
  cli(stand, "del", lease);
  assert.equal(await stored(stand, toFlow), before);
});

for (const command of WRITING) {
  test(`without ${command} a migration is refused before the flow is closed, and that is named`, async () => {
    const flowId = await old.oldFlow(3);
    const before = await stored(old, flowId);
    user(old, `-${command}`);
    using flow = await RedisFlow.connect(asUser(old), flowId);
    const error = await failure(migrateRedis(flow, OLD_FLOWS[3].told, () => {}));
    assert.instance(error, ConnectionError);
    assert.match(error.message, new RegExp(`user mover may not run ${command}: ACL SETUSER mover \\+${command} `));
    assert.equal(await stored(old, flowId), before);
  });
}

for (const command of some(FINISHING, 2)) {
  test(`a migration whose user loses ${command} when all is staged is closed as before, and ended or undone with the right`, async () => {
    for (const end of ["migrated", "undone"]) {
      const flowId = await old.oldFlow(3);
      const before = await stored(old, flowId);
      user(old);
      using flow = await RedisFlow.connect(asUser(old), flowId);
      const lose = (done: number, total: number) => {
        if (total > 1 && done === total - 1) user(old, `-${command}`);
      };
      const error = await failure(migrateRedis(flow, OLD_FLOWS[3].told, lose));
      assert.instance(error, ConnectionError);
      assert.match(error.message, new RegExp(`may not run ${command}: ACL SETUSER mover \\+${command}`));
      const { [`sf:${flowId}:flow:meta`]: closed, ...rest } = await stored(old, flowId);
      const { [`sf:${flowId}:flow:meta`]: open, ...all } = before;
      assert.equal(rest, all);
      assert.not.equal(closed, open);
      user(old);
      if (end === "undone") {
        assert.is(await undoRedis(flow), true);
        assert.equal(await stored(old, flowId), before);
      } else assert.is((await migrateRedis(flow, OLD_FLOWS[3].told, () => {})).from, 3);
    }
  });
}

test("opening a new flow writes once: refused there, it did not happen, and is told so", async () => {
  const flowId = stand.fresh();
  const meta = `sf:${flowId}:flow:meta`;
  user(stand, "-hset");
  const client = stand.client.duplicate({ username: "mover", password: "pw" });
  const opening = script("open_flow");
  const error = await client.eval(opening.source, 1, meta, "1", "", "epoch", "4").catch((why: unknown) => why);
  client.disconnect();
  const told = judge(error, { user: "mover", keys: [`sf:${flowId}:*`] }, { script: opening, changes: false });
  assert.is(told.kind, "refused");
  if (told.kind !== "refused") return;
  assert.instance(told.error, ConnectionError);
  assert.match(told.error.message, /user mover may not run hset: ACL SETUSER mover \+hset/);
  assert.is(await stand.client.exists(meta), 0);
});

test.run();
