/** What a bot's Redis user has to be allowed: asked for at connect, published as one line, and told as what it is when it is lost later. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findRedisFlows } from "../src/backends/redis/find-flows.js";
import { aclLine, rightsOfBots } from "../src/backends/redis/rights.js";
import { scriptStop } from "../src/backends/redis/script-stop.js";
import { script } from "../src/backends/redis/scripts.js";
import { type Config, resolveConfig } from "../src/config/schema.js";
import { ConnectionError, HalfDoneError, StateError, UnknownOutcomeError } from "../src/errors.js";
import { StateManager } from "../src/manager/state-manager.js";
import { operations } from "../src/operations/all.js";
import { startCluster } from "./servers/cluster.js";
import { startProxy } from "./servers/proxy.js";
import { startRedis } from "./servers/redis.js";
import { until } from "./servers/until.js";

const redis = await startRedis();
const test = suite("the rights of a Redis user");

test.after(() => redis.stop());

const PATTERN = "sf:bot-*";
const LINE = aclLine("bot", PATTERN);

let flows = 0;

async function user(...more: string[]): Promise<void> {
  const [, , ...words] = LINE.replace("PASSWORD", "pw").split(" ");
  await redis.cli("acl", "deluser", "bot");
  await redis.cli("acl", "setuser", ...words, ...more);
}

function config(more: Config["redis"] = {}): Config {
  return {
    backend: "redis",
    redis: { url: `redis://bot:pw@127.0.0.1:${redis.port}/1`, command_timeout: "30s", ...more },
  };
}

async function failure(call: Promise<unknown>): Promise<StateError> {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.instance(error, StateError);
  if (error instanceof StateError) return error;
  throw new Error("no StateError");
}

test("the published line is all that a bot needs, watching included", async () => {
  await user();
  await using manager = await StateManager.open(`bot-${++flows}`, {
    ...config(),
    risk: {
      max_daily_loss: 100,
      starting_equity: 1000,
      guards: [{ kind: "stop_losses", within: "1h", for: "1h", count: 2 }],
    },
  });
  const seen = manager
    .watch({ signal: AbortSignal.timeout(60_000) })
    [Symbol.asyncIterator]()
    .next();
  const entry = await manager.admit({ signalId: "s", orderId: "o", pair: "X/USDT", side: "long", size: 1, price: 1 });
  assert.ok(entry.admitted);
  await manager.recordFill("o", { fillId: "f1", price: 1, size: 1 });
  await manager.saveOrder({
    id: "x",
    pair: "X/USDT",
    side: "sell",
    size: 1,
    intent: "exit",
    positionId: "o",
    reason: "sl",
  });
  assert.is((await manager.recordFill("x", { fillId: "f2", price: 2, size: 1 })).applied, true);
  await manager.setCooldown("X/USDT", "1h");
  await manager.triggerCircuitBreaker("a test");
  assert.is(await manager.resetCircuitBreaker(), true);
  await manager.heartbeat();
  const lease = await manager.acquireLease({ ttl: "10s" });
  await lease.release();
  const recovery = await manager.beginRecovery("a test");
  await recovery.end();
  assert.is((await manager.snapshot()).positions.length, 0);
  assert.is((await manager.getTrades()).length, 1);
  assert.ok((await manager.getEvents()).length > 5);
  assert.ok((await seen).value);
});

test("without any one of its commands connecting is refused, that command is named, and nothing is written", async () => {
  const commands = LINE.split(" ").flatMap((word) =>
    /^\+(?!client|select|script\|exists|wait)/.test(word) ? [word.slice(1)] : [],
  );
  assert.ok(commands.length > 30);
  for (const command of commands) {
    const flowId = `bot-${++flows}`;
    await user(`-${command}`);
    const error = await failure(StateManager.open(flowId, config()));
    assert.instance(error, ConnectionError, command);
    assert.match(
      error.message.toLowerCase().replace("|", " "),
      new RegExp(`\\b${command.replace("|", " ").replace("xinfo stream", "xinfo")}\\b`),
    );
    assert.is(await redis.cli("-n", "1", "exists", `sf:${flowId}:flow:meta`), "0", command);
  }
});

/** What a message says that allows it, without what the user has already. */
function lineIn({ message }: StateError): string[] {
  const line = /ACL SETUSER ([^;()]*[^;() ])/.exec(message)?.[1];
  if (line === undefined) throw new Error(`no line of an ACL in: ${message}`);
  return line.split(" ");
}

for (const [what, rules, words] of [
  ["the keys of another flow only", ["~sf:other:*", "+@all"], /may not read and write sf:bot-\d+:\*;/],
  ["the right to read its keys only", ["%R~sf:*", "+@all"], /may not read and write sf:bot-\d+:\*;/],
  ["no script command", [`~${PATTERN}`, "+@all", "-script"], /may not run script load:/],
  ["no evalsha", [`~${PATTERN}`, "+@all", "-evalsha"], /may not run evalsha \(on sf:bot-\d+:flow:meta\):/],
  ["no eval", [`~${PATTERN}`, "+@all", "-eval"], /may not run eval;/],
  ["no info", [`~${PATTERN}`, "+@all", "-info"], /may not run info:/],
  ["nothing but reads", ["~*", "+@read", "+select"], /may not run eval;/],
  ["two commands too few", ["~*", "+@all", "-xadd", "-xinfo"], /may not run xadd \(.*\), xinfo \(.*\):/],
] as const) {
  test(`a user with ${what} is refused at connect, and the line in the message is what is missing`, async () => {
    const flowId = `bot-${++flows}`;
    await redis.cli("acl", "setuser", "bot", "reset", "on", ">pw", ...rules);
    const error = await failure(StateManager.open(flowId, config()));
    assert.instance(error, ConnectionError);
    assert.match(error.message, /^connect: Redis at 127\.0\.0\.1:\d+: the Redis user bot may not/);
    assert.match(error.message, words);
    assert.match(error.message, /nothing was changed$/);
    assert.is(await redis.cli("-n", "1", "exists", `sf:${flowId}:flow:meta`), "0");
    assert.is(await redis.cli("acl", "setuser", ...lineIn(error)), "OK");
    await (await StateManager.open(flowId, config())).close();
  });
}

test("the keys of a flow's account are among those that are named", async () => {
  await redis.cli("acl", "setuser", "bot", "reset", "on", ">pw", `~${PATTERN}`, "+@all");
  const opening = () =>
    StateManager.open(`bot-${++flows}`, { ...config(), account: { name: "one", currency: "USDT" } });
  const error = await failure(opening());
  assert.match(error.message, /may not read and write sf:bot-\d+:\*, sf:@one:\*;/);
  assert.is(await redis.cli("acl", "setuser", ...lineIn(error)), "OK");
  await (await opening()).close();
});

test("a right that is lost while a bot runs is named, with the line that gives it back", async () => {
  await user();
  await using manager = await StateManager.open(`bot-${++flows}`, config());
  await redis.cli("acl", "setuser", "bot", "-evalsha"); // without ending its connections
  const command = await failure(manager.heartbeat());
  assert.instance(command, ConnectionError);
  assert.match(command.message, /^the Redis user bot may not run evalsha: ACL SETUSER bot \+evalsha \(NOPERM/);
  assert.is(await redis.cli("acl", "setuser", ...lineIn(command)), "OK");
  assert.ok(await manager.heartbeat());
  await redis.cli("acl", "setuser", "bot", "resetkeys", "~sf:other:*");
  const keys = await failure(manager.getPositions());
  assert.match(
    keys.message,
    /^the Redis user bot may not read and write sf:bot-\d+:\*: ACL SETUSER bot ~sf:bot-\d+:\* \(NOPERM/,
  );
  assert.is(await redis.cli("acl", "setuser", ...lineIn(keys)), "OK");
  assert.equal(await manager.getPositions(), []);
});

test("a command that a script may not run any more is named, though Redis 7.0 does not name it", async () => {
  await user();
  await using manager = await StateManager.open(`bot-${++flows}`, config());
  await redis.cli("acl", "setuser", "bot", "-hvals");
  const error = await failure(manager.getPositions());
  assert.instance(error, ConnectionError);
  assert.match(error.message, /may not run hvals: ACL SETUSER bot \+hvals/);
});

test("whoever looks for flows without the right to is told which", async () => {
  await user("-scan");
  const { redis: settings } = resolveConfig(config());
  const error = await failure(findRedisFlows(settings));
  assert.match(error.message, /the Redis user bot may not run scan: ACL SETUSER bot \+scan \(NOPERM/);
});

test("a cluster that does not tell where its slots are says which right is missing, at once", async () => {
  await using cluster = await startCluster();
  const [url = ""] = cluster.urls;
  for (const node of cluster.nodes) await node.cli("acl", "setuser", "bot", "on", ">pw", "~*", "+@all", "-cluster");
  const nodes = [{ host: "127.0.0.1", port: Number(new URL(url).port) }];
  const login = { username: "bot", password: "pw" };
  const open = () => StateManager.open("bot", { backend: "redis", redis: { cluster: true, nodes, ...login } });
  const error = await failure(open());
  assert.match(error.message, /the Redis user bot may not run cluster\|(?:keyslot|slots): ACL SETUSER bot \+cluster\|/);
});

test("wait is asked for where replicas are waited for, and only there", async () => {
  await user("-wait");
  const error = await failure(StateManager.open(`bot-${++flows}`, config({ wait_replicas: 1 })));
  assert.instance(error, ConnectionError);
  assert.match(error.message, /may not run wait: ACL SETUSER bot \+wait/);
  await (await StateManager.open(`bot-${flows}`, config())).close();
});

test("a command that the server does not know is told as that", async () => {
  await using server = await startRedis({ args: { "rename-command": "ZADD other" } });
  const error = await failure(StateManager.open("bot", config({ url: server.url })));
  assert.instance(error, ConnectionError);
  assert.match(error.message, /the server does not know zadd: was it renamed/);
  assert.is(await server.cli("dbsize"), "0");
});

test("whoever only looks needs what reads need; a change is refused, and not sent", async () => {
  await user();
  const flowId = `bot-${++flows}`;
  await using bot = await StateManager.open(flowId, config());
  await bot.savePosition({ id: "p", pair: "X/USDT", side: "long", size: 1, entryPrice: 1 });
  await user("-hset", "-zadd");
  await using looking = await StateManager.open(flowId, config(), { existing: true });
  assert.is((await looking.getPositions()).length, 1);
  const error = await failure(looking.triggerCircuitBreaker("a test"));
  assert.instance(error, ConnectionError);
  assert.match(error.message, /may not run .*hset.*nothing was changed/);
});

test("each command that scripts send, as the server sees them, is one that is asked for at connect", async () => {
  const asked = new Set(rightsOfBots().map(({ command, key }) => `${command.split(" ")[0]} ${key ?? ""}`));
  for (const { name } of operations) {
    for (const [, command] of script(name).source.matchAll(/redis\.p?call\("([A-Z]+)"/g)) {
      assert.ok(
        [...asked].some((right) => right.startsWith(`${command} `)),
        `${command} of ${name}`,
      );
    }
  }
});

for (const command of ["hset", "zadd", "xadd", "hdel"]) {
  test(`a bot that loses ${command} is told what was done by halves, and no later change is sent`, async () => {
    await user();
    const flowId = `bot-${++flows}`;
    await using manager = await StateManager.open(flowId, config());
    await manager.admit({ signalId: "s", orderId: "o", pair: "X/USDT", side: "long", size: 1, price: 1 });
    await manager.recordFill("o", { fillId: "f1", price: 1, size: 1 });
    await manager.saveOrder({ id: "x", pair: "X/USDT", side: "sell", size: 1, intent: "exit", positionId: "o" });
    await user(`-${command}`);
    const events = (await manager.getEvents()).length;
    const error = await failure(manager.recordFill("x", { fillId: "f2", price: 2, size: 1 }));
    assert.instance(error, HalfDoneError);
    assert.match(error.message, new RegExp(`record_fill stopped half way at ${command} in line`));
    await user();
    assert.instance(await failure(manager.heartbeat()), HalfDoneError);
    assert.ok((await manager.getEvents()).length >= events);
  });
}

test("after a change that was done by halves no copy of an earlier one is sent either, and reads go on", async () => {
  await user();
  await using proxy = await startProxy(redis.port);
  const flowId = `bot-${++flows}`;
  await using manager = await StateManager.open(
    flowId,
    config({ url: `redis://bot:pw@127.0.0.1:${proxy.port}/1`, command_timeout: "1s" }),
  );
  await manager.savePosition({ id: "p", pair: "X/USDT", side: "long", size: 1, entryPrice: 1 });
  proxy.stallReplies();
  const unknown = await failure(manager.updateDailyPnl(1, { tradeId: "t" }));
  assert.instance(unknown, UnknownOutcomeError);
  proxy.calm();
  await user("-zadd");
  assert.instance(await failure(manager.closePosition("p", { pnl: 1 })), HalfDoneError);
  await user();
  assert.is((await manager.getRiskState()).dailyPnl >= 1, true);
  const { requests } = proxy.stats;
  const again = await failure(unknown instanceof UnknownOutcomeError ? unknown.retry() : manager.heartbeat());
  assert.instance(again, UnknownOutcomeError);
  assert.match(again.message, /stopped half way/);
  assert.is(proxy.stats.requests, requests);
});

test("where a script stopped is known by its line: before its writing, in it, or in text that is used in both", () => {
  const found = script("update_daily_pnl");
  const lines = found.source.split("\n");
  const at = (sign: RegExp, from = 0) => lines.findIndex((line, n) => n >= from && sign.test(line)) + 1;
  const stop = (line: number) =>
    scriptStop(
      found,
      `ERR The user executing the script can't run this command or subcommand script: ${found.sha}, on @user_script:${line}.`,
    );
  const write = at(/^\s*-- Write\b/);
  assert.is(stop(at(/redis\.call\("HMGET", meta_key/))?.writing, "no");
  assert.is(stop(write - 1)?.writing, "no");
  assert.is(stop(at(/redis\.call\(/, write))?.writing, "yes");
  assert.is(stop(at(/redis\.call\("XADD", events_key/))?.writing, "unknown");
  assert.match(String(stop(at(/redis\.call\("XADD", events_key/))?.at), /^xadd in line \d+ of update_daily_pnl$/);
  assert.is(scriptStop(found, "NOREPLICAS Not enough good replicas to write."), undefined);
});

for (const [what, words, begin, end] of [
  [
    "too few replicas",
    /NOREPLICAS/,
    ["config", "set", "min-replicas-to-write", "1"],
    ["config", "set", "min-replicas-to-write", "0"],
  ],
] as const) {
  test(`a server that says no every time (${what}) is a ConnectionError with that reason, never an unknown outcome`, async () => {
    await redis.cli("acl", "deluser", "bot");
    await using manager = await StateManager.open(`bot-${++flows}`, {
      backend: "redis",
      redis: { url: redis.url, command_timeout: "300ms" },
    });
    await redis.cli(...begin);
    for (let time = 1; time <= 10; time++) {
      const error = await failure(manager.updateDailyPnl(1));
      assert.instance(error, ConnectionError);
      assert.match(error.message, words);
    }
    await redis.cli(...end);
    await until("it works again", async () => (await manager.updateDailyPnl(1).catch(() => undefined))?.dailyPnl === 1);
  });
}

test.run();
