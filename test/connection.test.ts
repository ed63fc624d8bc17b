import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { inspect } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createClient } from "../src/backends/redis/client.js";
import { checkServer } from "../src/backends/redis/server.js";
import type { Duration } from "../src/config/duration.js";
import { type Config, resolveConfig } from "../src/config/schema.js";
import {
  ConfigError,
  ConnectionError,
  HalfDoneError,
  SchemaVersionError,
  StateLostError,
  UnknownOutcomeError,
} from "../src/errors.js";
import { StateManager } from "../src/manager/state-manager.js";
import { SCHEMA_VERSION } from "../src/state/flow-state.js";
import { type LoggedEvent, readRecord } from "./faults/record.js";
import { ask } from "./servers/ask.js";
import { startCluster } from "./servers/cluster.js";
import { freePort } from "./servers/ports.js";
import { startProxy } from "./servers/proxy.js";
import { type RedisServer, startRedis } from "./servers/redis.js";
import { decodeRequest, RespFramer } from "./servers/resp.js";
import { startSentinel } from "./servers/sentinel.js";
import { startTlsRedis } from "./servers/tls.js";
import { until } from "./servers/until.js";

type RedisConfig = NonNullable<Config["redis"]>;

/** Longer than any restart or failover takes. */
const PATIENT: Duration = "30s";

/** What a test waits for when it wants to see a call fail. */
const HASTY: Duration = "200ms";

/** Long enough for a first answer, for tests in which none is ever the right one. */
const BRISK: Duration = "1s";

/** A call with HASTY that takes this long, ms, has ignored it, however slow the machine. */
const FOREVER = 60_000;

const SECRET = "correct horse battery staple";

const complaints: string[] = [];
const print = console.error;
console.error = (...words: unknown[]) => {
  if (String(words[0]).startsWith("[ioredis]")) complaints.push(words.join(" "));
  else print(...words);
};
process.on("warning", (warning) => complaints.push(String(warning)));

const [redis, tls, cluster] = await Promise.all([startRedis(), startTlsRedis(), startCluster()]);
const proxy = await startProxy(redis.port);

const test = suite("connecting to Redis");

test.before.each(() => proxy.calm());

test.after(async () => {
  await proxy.stop();
  await Promise.all([redis.stop(), tls.stop(), cluster.stop()]);
});

let flows = 0;

function newFlow(): string {
  return `flow-${++flows}`;
}

function config(redis: RedisConfig, risk: NonNullable<Config["risk"]> = {}): Config {
  const { command_timeout = PATIENT } = redis;
  return { backend: "redis", redis: { connect_timeout: command_timeout, command_timeout, ...redis }, risk };
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => `no failure, but ${inspect(value)}`,
    (error: unknown) => error,
  );
}

const POSITION = { id: "p1", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 100 } as const;

/** Something of everything, as a bot does it. */
async function tryEverything(manager: StateManager): Promise<void> {
  assert.is(await manager.markSignalProcessed("s1", "BTC/USDT"), true);
  assert.is(await manager.markSignalProcessed("s1", "BTC/USDT"), false);
  assert.is((await manager.savePosition(POSITION)).version, 1);
  assert.is((await manager.updatePosition("p1", { tp: 120 })).version, 2);
  await manager.saveOrder({ id: "o1", pair: "BTC/USDT", side: "buy", size: 1, price: 90 });
  assert.is(await manager.removeOrder("o1"), true);
  assert.is((await manager.updateDailyPnl(0.1)).dailyPnl, 0.1);
  assert.is((await manager.closePosition("p1", { pnl: 0.2, cooldown: "1h" })).risk.dailyPnl, 0.3);
  assert.is(await manager.isOnCooldown("BTC/USDT"), true);
  await manager.setRiskLimits({ max_daily_loss: 1_000 });
  await manager.heartbeat();
  const { risk, limits, signals } = await manager.snapshot();
  assert.is(risk.dailyTrades, 2);
  assert.is(limits.max_daily_loss, 1_000);
  assert.equal(signals.recentSignalIds, ["s1"]);
}

async function eventsOf(server: RedisServer, flowId: string): Promise<readonly LoggedEvent[]> {
  return (await readRecord(server.port, flowId)).events;
}

// --- Answers that are remembered

test("after ten minutes another session remembers the answers, and those of the first are left to expire", async () => {
  const flowId = newFlow();
  await using manager = await StateManager.open(flowId, config({ url: redis.url }));
  const mark = (id: string) => manager.markSignalProcessed(id, "BTC/USDT");
  const sessions = async () => (await redis.cli("keys", `sf:${flowId}:execution:call:*`)).split("\n");
  await Promise.all([mark("s1"), mark("s2"), mark("s3")]);
  const [first = "", ...others] = await sessions();
  assert.equal(others, []);
  const answers = (await redis.cli("hkeys", first)).split("\n");
  assert.equal(answers.sort(), ["0", "1", "2", "until"]);

  const { now } = performance;
  performance.now = () => now.call(performance) + 11 * 60_000;
  try {
    assert.is(await mark("s4"), true);
  } finally {
    performance.now = now;
  }
  assert.is((await sessions()).length, 2);
  assert.equal((await redis.cli("hkeys", first)).split("\n").sort(), answers);
  const left = Number(await redis.cli("pttl", first));
  assert.ok(left > 0 && left <= 20 * 60_000, `${left} ms`);
});

// --- TLS and access control

test("TLS with an ACL user limited to ~sf:* is all that a bot needs", async () => {
  await using manager = await StateManager.open(newFlow(), config({ url: tls.url, tls: { ca_file: tls.caFile } }));
  await tryEverything(manager);
});

test("user and password may come from the configuration instead of the URL", async () => {
  const { caFile, username, password, port } = tls;
  const redis = { url: `rediss://127.0.0.1:${port}`, username, password, tls: { ca_file: caFile } };
  await using manager = await StateManager.open(newFlow(), config(redis));
  await tryEverything(manager);
});

test("a server whose certificate is not trusted is a ConnectionError at once", async () => {
  const error = await failure(StateManager.open(newFlow(), config({ url: tls.url })));
  assert.instance(error, ConnectionError);
  assert.match(String(error), /its certificate is not accepted: self-signed certificate/);
  assertNoSecret(error, tls.password);
});

test("plain TCP to a TLS server is a ConnectionError", async () => {
  const url = tls.url.replace("rediss", "redis");
  const error = await failure(StateManager.open(newFlow(), config({ url, command_timeout: HASTY })));
  assert.instance(error, ConnectionError);
  assertNoSecret(error, tls.password);
});

test("keys that the user may not touch are a ConnectionError that says so", async () => {
  const redis = { url: tls.url, tls: { ca_file: tls.caFile }, key_prefix: "other" };
  const error = await failure(StateManager.open(newFlow(), config(redis)));
  assert.instance(error, ConnectionError);
  assert.match(String(error), /the Redis user \w+ may not read and write .*: ACL SETUSER \w+ ~/);
  assertNoSecret(error, tls.password);
});

for (const [what, url] of [
  ["a wrong password in the URL", `rediss://bot:${encodeURIComponent(SECRET)}@127.0.0.1:${tls.port}`],
  ["a user that does not exist", `rediss://nobody:${encodeURIComponent(SECRET)}@127.0.0.1:${tls.port}`],
  ["no password where one is needed", `rediss://127.0.0.1:${tls.port}`],
] as const) {
  test(`${what} is a ConnectionError at once, with the address and without the password`, async () => {
    const error = await failure(StateManager.open(newFlow(), config({ url, tls: { ca_file: tls.caFile } })));
    assert.instance(error, ConnectionError);
    assert.match(String(error), /refused the user or password/);
    assert.match(String(error), `127.0.0.1:${tls.port}`);
    assertNoSecret(error, SECRET);
    assertNoSecret(error, encodeURIComponent(SECRET));
  });
}

test("a password that was changed under a running manager is a ConnectionError until it is right again", async () => {
  await using server = await startRedis({ args: { requirepass: "first" } });
  const url = `redis://:first@127.0.0.1:${server.port}`;
  await using manager = await StateManager.open(newFlow(), config({ url }));
  const admin = (...command: string[]) => server.cli("--pass", "first", "--no-auth-warning", ...command);
  await admin("acl", "setuser", "default", "resetpass", ">second");
  await server.cli("--pass", "second", "--no-auth-warning", "client", "kill", "type", "normal", "skipme", "yes");
  const error = await failure(manager.updateDailyPnl(1));
  assert.instance(error, ConnectionError);
  assert.match(String(error), /refused the user or password/);
  await server.cli("--pass", "second", "--no-auth-warning", "acl", "setuser", "default", "resetpass", ">first");
  assert.is((await manager.updateDailyPnl(2)).dailyPnl, 2);
});

// --- servers that cannot be reached

function unreachable(port: number): readonly (readonly [string, RedisConfig])[] {
  const credentials = { username: "bot", password: SECRET };
  const place = { host: "127.0.0.1", port };
  return [
    ["alone", { url: `redis://127.0.0.1:${port}`, ...credentials }],
    ["over TLS", { url: `rediss://127.0.0.1:${port}`, ...credentials }],
    ["as a sentinel", { sentinels: [place], sentinel_name: "m", sentinel_password: SECRET, ...credentials }],
    ["as a cluster", { cluster: true, nodes: [place], ...credentials }],
  ];
}

for (const [how, redis] of unreachable(await freePort())) {
  test(`a port where nobody listens, ${how}, is a ConnectionError that names it, without the password`, async () => {
    const error = await failure(StateManager.open(newFlow(), config({ ...redis, command_timeout: BRISK })));
    assert.instance(error, ConnectionError);
    assert.match(String(error), /127\.0\.0\.1:\d+/);
    assert.match(String(error), how === "as a sentinel" ? /All sentinels are unreachable/ : /ECONNREFUSED/);
    assertNoSecret(error, SECRET);
  });
}

test("a host that does not exist is a ConnectionError that names it", async () => {
  const url = `redis://bot:${encodeURIComponent(SECRET)}@no-such-host.invalid:6379`;
  const error = await failure(StateManager.open(newFlow(), config({ url, command_timeout: HASTY })));
  assert.instance(error, ConnectionError);
  assert.match(String(error), /no-such-host\.invalid:6379/);
  assertNoSecret(error, SECRET);
});

const blackHole = createServer((socket) => socket.on("error", () => {}).resume());
await once(blackHole.listen(await freePort(), "127.0.0.1"), "listening");
test.after(() => {
  blackHole.close();
});
const blackHoleAddress = blackHole.address();
const blackHolePort = typeof blackHoleAddress === "object" && blackHoleAddress ? blackHoleAddress.port : 0;

for (const [how, redis] of unreachable(blackHolePort)) {
  test(`a server that accepts and never answers, ${how}, is a ConnectionError within command_timeout`, async () => {
    const began = performance.now();
    const error = await failure(StateManager.open(newFlow(), config({ ...redis, command_timeout: HASTY })));
    assert.instance(error, ConnectionError);
    assert.ok(performance.now() - began < FOREVER);
    assert.match(String(error), `127.0.0.1:${blackHolePort}`);
    assertNoSecret(error, SECRET);
  });
}

test("a server that stalls in the middle of connecting is a ConnectionError", async () => {
  proxy.dropReplies(1_000, "script");
  const error = await failure(StateManager.open(newFlow(), config({ url: proxy.url, command_timeout: HASTY })));
  assert.instance(error, ConnectionError);
  assert.match(String(error), `127.0.0.1:${proxy.port}`);
});

test("a connection that breaks while connecting is made again within command_timeout", async () => {
  for (const command of ["info", "script", "evalsha"]) proxy.dropReplies(1, command);
  await using manager = await StateManager.open(newFlow(), config({ url: proxy.url }));
  assert.is((await manager.updateDailyPnl(1)).dailyPnl, 1);
});

test("a stall after the flow was found is a ConnectionError, too, and connect() may be called again", async () => {
  const settings = config({ url: proxy.url, command_timeout: "3s" }, { max_daily_loss: 7 });
  await using manager = StateManager.fromConfig(newFlow(), settings);
  let scripts = 0;
  proxy.swallowReplies(1, ([command]) => {
    if (command !== "evalsha" || ++scripts < 2) return false;
    proxy.stallReplies();
    return true;
  });
  assert.instance(await failure(manager.connect()), ConnectionError);
  assert.is(scripts, 2);
  assert.instance(await failure(manager.updateDailyPnl(1)), ConnectionError);
  proxy.calm();
  await manager.connect();
  assert.is((await manager.getRiskLimits()).max_daily_loss, 7);
});

// --- servers that will not do

test("a server that is too old is refused", () => {
  const refused: [string, RegExp][] = [
    ["redis_version:6.2.14\r\nmaxmemory_policy:noeviction\r\n", /runs Redis 6\.2\.14; Redis 7\.0 or newer is needed/],
    ["redis_version:5.0.7\r\n", /Redis 5\.0\.7/],
    [
      "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:7.0.9\r\n",
      /runs Valkey 7\.0\.9; Valkey 7\.2 or newer/,
    ],
    ["redis_mode:standalone\r\n", /names no version/],
  ];
  for (const [info, message] of refused) {
    assert.throws(
      () => checkServer(info, "cache:6379", { allow_eviction: false, cluster: false }),
      (error: unknown) => {
        assert.instance(error, ConnectionError);
        assert.match(String(error), /cache:6379/);
        assert.match(String(error), message);
        return true;
      },
    );
  }
  for (const info of [
    "redis_version:7.0.0\r\nmaxmemory_policy:noeviction\r\n",
    "redis_version:8.2.1\r\n",
    "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0\r\n",
  ]) {
    checkServer(info, "cache:6379", { allow_eviction: false, cluster: false });
  }
});

test("connect() asks the server for its version, and refuses an old one", async () => {
  await using old = await startPretender((command) =>
    command === "info"
      ? bulk("redis_version:6.0.16\r\nloading:0\r\n")
      : command === "hello"
        ? "-ERR unknown command 'HELLO'\r\n"
        : "+OK\r\n",
  );
  const error = await failure(StateManager.open(newFlow(), config({ url: `redis://127.0.0.1:${old.port}` })));
  assert.instance(error, ConnectionError);
  assert.match(String(error), /runs Redis 6\.0\.16; Redis 7\.0 or newer is needed/);
});

test("a server that may evict keys is refused, unless redis.allow_eviction accepts the loss", async () => {
  await using server = await startRedis({ args: { "maxmemory-policy": "allkeys-lru" } });
  const error = await failure(StateManager.open(newFlow(), config({ url: server.url })));
  assert.instance(error, ConfigError);
  assert.match(String(error), /maxmemory-policy allkeys-lru/);
  assert.match(String(error), /redis\.allow_eviction: true/);
  await using manager = await StateManager.open(newFlow(), config({ url: server.url, allow_eviction: true }));
  assert.is((await manager.updateDailyPnl(1)).dailyPnl, 1);
});

test("a flow that a newer schema wrote is refused, and left as it is", async () => {
  const flowId = newFlow();
  await (await StateManager.open(flowId, config({ url: redis.url }))).close();
  await redis.cli("hset", `sf:${flowId}:flow:meta`, "schema", "999");
  const manager = StateManager.fromConfig(flowId, config({ url: redis.url }, { max_daily_loss: 1 }));
  const error = await failure(manager.connect());
  assert.instance(error, SchemaVersionError);
  assert.match(String(error), /schema 999/);
  assert.is(await redis.cli("exists", `sf:${flowId}:risk:limits`), "0");
  assert.instance(await failure(manager.updateDailyPnl(1)), ConnectionError);
  await redis.cli("hset", `sf:${flowId}:flow:meta`, "schema", String(SCHEMA_VERSION));
  await manager.connect();
  await manager.close();
});

test("at maxmemory exits still work and the breaker still trips; what needs room is a ConnectionError", async () => {
  await using server = await startRedis();
  const flowId = newFlow();
  await using manager = await StateManager.open(flowId, config({ url: server.url }, { max_daily_loss: 1 }));
  await manager.savePosition(POSITION);
  await server.cli("config", "set", "maxmemory", "1");
  const error = await failure(manager.savePosition({ ...POSITION, id: "p2" }));
  assert.instance(error, ConnectionError);
  assert.match(String(error), /maxmemory/);
  assert.is((await manager.getPositions()).length, 1);
  const { closed, tripped } = await manager.closePosition("p1", { pnl: -2, cooldown: "1h" });
  assert.equal([closed, tripped], [true, true]);
  assert.is(await manager.checkCircuitBreaker(), true);
  assert.is((await manager.updateDailyPnl(-1)).dailyPnl, -3);
  assert.is(await manager.resetCircuitBreaker(), true);
  await server.cli("config", "set", "maxmemory", "0");
  await manager.savePosition({ ...POSITION, id: "p2" });
});

test("a user who loses the right to write is told so", async () => {
  await using server = await startRedis();
  const flowId = newFlow();
  await using manager = await StateManager.open(flowId, config({ url: server.url }));
  await server.cli("acl", "setuser", "default", "-hset");
  const error = await failure(manager.updateDailyPnl(1));
  assert.instance(error, HalfDoneError);
  assert.match(String(error), /update_daily_pnl stopped half way at hset in line \d+/);
  await server.cli("acl", "setuser", "default", "+hset");
  assert.instance(await failure(manager.updateDailyPnl(2)), HalfDoneError);
  assert.is((await manager.getRiskState()).dailyPnl, 0);
  await manager.close();
  await manager.connect();
  assert.is((await manager.updateDailyPnl(2)).dailyPnl, 2);
});

// --- servers that change under a running manager

test("after SCRIPT FLUSH calls go on as before, 200 at a time as well", async () => {
  const flowId = newFlow();
  await using manager = await StateManager.open(flowId, config({ url: redis.url }));
  await redis.cli("script", "flush");
  assert.is(await manager.markSignalProcessed("s", "BTC/USDT"), true);
  await redis.cli("script", "flush");
  const updates = await Promise.all(Array.from({ length: 200 }, () => manager.updateDailyPnl(0.01)));
  assert.is(Math.max(...updates.map(({ dailyPnl }) => dailyPnl)), 2);
  assert.is((await eventsOf(redis, flowId)).length, 201);
});

test("a restart with persistence is bridged: calls made meanwhile are answered after it", async () => {
  await using server = await startRedis({ args: { appendonly: "yes", appendfsync: "always" } });
  const flowId = newFlow();
  await using manager = await StateManager.open(flowId, config({ url: server.url }));
  await manager.updateDailyPnl(1);
  await server.kill();
  const calls = Array.from({ length: 200 }, (_, n) => manager.markSignalProcessed(`s${n}`, "BTC/USDT"));
  const read = manager.getRiskState();
  await server.restart();
  assert.ok((await Promise.all(calls)).every((won) => won));
  assert.is((await read).dailyPnl, 1);
  assert.is((await eventsOf(server, flowId)).length, 201);
});

for (const [what, lose] of [
  ["a restart without persistence", async (server: RedisServer) => server.kill().then(() => server.restart())],
  ["FLUSHALL", async (server: RedisServer) => server.cli("flushall")],
  [
    "another flow of that name",
    async (server: RedisServer, flowId: string) => {
      await server.cli("flushall");
      await (await StateManager.open(flowId, config({ url: server.url }))).close();
    },
  ],
] as const) {
  test(`${what} is a StateLostError for every call, until the manager connects again`, async () => {
    await using server = await startRedis();
    const flowId = newFlow();
    await using manager = await StateManager.open(flowId, config({ url: server.url }, { max_daily_loss: 100 }));
    await manager.savePosition(POSITION);
    await manager.updateDailyPnl(1);
    const { epoch } = await manager.snapshot();
    await lose(server, flowId);
    for (const call of [
      () => manager.updateDailyPnl(1),
      () => manager.markSignalProcessed("s", "BTC/USDT"),
      () => manager.closePosition("p1", { pnl: 1 }),
      () => manager.savePosition(POSITION),
      () => manager.setCooldown("BTC/USDT", "1h"),
      () => manager.heartbeat(),
      () => manager.getRiskState(),
      () => manager.getPositions(),
      () => manager.getCooldown("BTC/USDT"),
      () => manager.snapshot(),
    ]) {
      assert.instance(await failure(call()), StateLostError);
    }
    assert.is(await server.cli("exists", `sf:${flowId}:risk:daily`, `sf:${flowId}:positions:open`), "0");
    await manager.close();
    await manager.connect();
    assert.is.not((await manager.snapshot()).epoch, epoch);
    assert.is((await manager.getRiskState()).dailyPnl, 0);
    assert.is((await manager.getRiskLimits()).max_daily_loss, 100);
    assert.is((await manager.updateDailyPnl(2)).dailyPnl, 2);
  });
}

test("what is still unknown when the state is lost ends in StateLostError, not in the new state", async () => {
  await using server = await startRedis();
  await using stalling = await startProxy(server.port);
  const hasty = config({ url: stalling.url, command_timeout: HASTY });
  await using manager = await insist(() => StateManager.open(newFlow(), hasty));
  stalling.stallReplies();
  const error = await failure(manager.updateDailyPnl(1));
  assert.instance(error, UnknownOutcomeError);
  await server.cli("flushall");
  stalling.resume();
  let outcome: unknown = error;
  while (outcome instanceof UnknownOutcomeError) outcome = await failure(outcome.retry());
  assert.instance(outcome, StateLostError);
});

test("a server that becomes read-only is waited for, and never written to", async () => {
  await using server = await startRedis();
  const flowId = newFlow();
  await using manager = await StateManager.open(flowId, config({ url: server.url }));
  await server.cli("replicaof", "127.0.0.1", String(await freePort()));
  const call = manager.updateDailyPnl(1);
  await until("the call was refused", async () => /errorstat_READONLY/.test(await server.cli("info", "errorstats")));
  await server.cli("replicaof", "no", "one");
  assert.is((await call).dailyPnl, 1);
  assert.is((await eventsOf(server, flowId)).length, 1);
});

test("a server that refuses every change is a ConnectionError that says why, never an unknown outcome", async () => {
  await using server = await startRedis();
  await using manager = await StateManager.open(
    newFlow(),
    // Long enough for a slow machine: where a first copy gets no reply in time, the outcome is unknown.
    config({ url: server.url, connect_timeout: "10s", command_timeout: "2s" }),
  );
  await server.cli("config", "set", "min-replicas-to-write", "1");
  const mark = (n: number) => failure(manager.markSignalProcessed(`s${n}`, "BTC/USDT"));
  const errors = await Promise.all(Array.from({ length: 200 }, (_, n) => mark(n)));
  errors.push(await mark(0));
  for (const error of errors) {
    assert.instance(error, ConnectionError);
    assert.match(String(error), /NOREPLICAS.*nothing happened/);
  }
  assert.is(await manager.isSignalProcessed("s0"), false);
});

test("a server that is busy with a script is waited for", async () => {
  await using server = await startRedis({ args: { "busy-reply-threshold": "1" } });
  await using between = await startProxy(server.port);
  await using manager = await StateManager.open(newFlow(), config({ url: between.url }));
  const endless = server.cli("eval", "while true do end", "0");
  await until("it is busy", async () => /BUSY/.test(String(await failure(ask(server, "PING")))));
  const { replies } = between.stats;
  const call = manager.updateDailyPnl(1);
  await until("the call was refused", () => between.stats.replies > replies);
  await server.cli("script", "kill");
  assert.is((await call).dailyPnl, 1);
  await endless;
});

// --- sentinels

test("a failover under load is bridged: nothing that was acknowledged is lost or doubled", async () => {
  await using trio = await startSentinel();
  const { sentinels, name, master, replica } = trio;
  const flowId = newFlow();
  const redis = { sentinels: [...sentinels], sentinel_name: name };
  await using manager = await StateManager.open(flowId, config(redis));
  const { epoch } = await manager.snapshot();
  const book = async (from: number, count: number) => {
    const calls = Array.from({ length: count }, (_, n) =>
      manager.updateDailyPnl((from + n) / 100, { tradeId: `t${from + n}` }),
    );
    for (const update of await Promise.all(calls)) assert.is(update.applied, true);
  };
  await book(1, 200);
  // Replication is asynchronous: what the replica does not have yet would be lost with the master.
  await until("the replica has it all", async () => (await offsetOf(master)) === (await offsetOf(replica)));

  const failover = trio.failover();
  await book(201, 200);
  await failover;
  await book(401, 100);
  assert.is((await manager.snapshot()).epoch, epoch);
  const amounts = (await eventsOf(replica, flowId)).map(({ pnl }) => Number(pnl)).sort((a, b) => a - b);
  assert.equal(
    amounts,
    Array.from({ length: 500 }, (_, n) => (n + 1) / 100),
  );
  assert.is((await manager.getRiskState()).dailyPnl, 1252.5);
  await manager.close();
  await manager.connect();
  assert.is((await manager.updateDailyPnl(0.5)).dailyPnl, 1253);
});

test("a master that the sentinels do not know is a ConnectionError that names them", async () => {
  await using trio = await startSentinel();
  const redis = { sentinels: [...trio.sentinels], sentinel_name: "nobody", command_timeout: HASTY };
  const error = await failure(StateManager.open(newFlow(), config(redis)));
  assert.instance(error, ConnectionError);
  assert.match(String(error), `nobody of sentinels 127.0.0.1:${trio.sentinel.port}`);
});

// --- clusters

test("in a cluster three flows live on three masters, under keys with braces", async () => {
  const found = await flowsOnEachMaster();
  assert.is(found.size, 3);
  for (const [port, flowId] of found) {
    await using manager = await StateManager.open(flowId, config({ url: cluster.urls[0] ?? "", cluster: true }));
    await tryEverything(manager);
    const owner = cluster.nodes.find((node) => node.port === port);
    assert.is(await owner?.cli("hget", `sf:{${flowId}}:risk:daily`, "daily_pnl"), "0.3");
  }
});

test("any member of the cluster will do to begin with, also after one that is down", async () => {
  const nodes = [await freePort(), ...cluster.nodes.map(({ port }) => port)].map((port) => ({
    host: "127.0.0.1",
    port,
  }));
  await using manager = await StateManager.open(newFlow(), config({ cluster: true, nodes }));
  assert.is((await manager.updateDailyPnl(1)).dailyPnl, 1);
});

test("a single server is no cluster: a ConnectionError that says so", async () => {
  const error = await failure(
    StateManager.open(newFlow(), config({ url: redis.url, cluster: true, command_timeout: BRISK })),
  );
  assert.instance(error, ConnectionError);
  assert.match(String(error), /cluster support disabled/);
});

test("a flow that moves to another master under load goes on there: nothing lost, nothing doubled", async () => {
  const [[port, flowId] = []] = await flowsOnEachMaster();
  const source = cluster.nodes.find((node) => node.port === port);
  const target = cluster.nodes.find((node) => node.port !== port);
  assert.ok(flowId && source && target);
  await using manager = await StateManager.open(flowId, config({ url: cluster.urls[0] ?? "", cluster: true }));
  const before = (await manager.getRiskState()).dailyTrades;
  let moved = false;
  let done = 0;
  const lane = async () => {
    while (!moved || done < 500) {
      done += 1;
      await manager.updateDailyPnl(0.01);
    }
  };
  const load = Promise.all(Array.from({ length: 20 }, lane));
  await until("there is load", () => done > 100);
  await moveSlot(flowId, source, target);
  moved = true;
  await load;
  assert.is((await manager.getRiskState()).dailyTrades, before + done);
  assert.is(await target.cli("hget", `sf:{${flowId}}:risk:daily`, "daily_trades"), String(before + done));
});

test("a cluster node that restarts empty is a StateLostError for its flows only", async () => {
  const [, [port, lost] = [], [, kept] = []] = await flowsOnEachMaster(); // the first one has moved
  assert.ok(lost && kept);
  const redis = { url: cluster.urls[0] ?? "", cluster: true };
  await using losing = await StateManager.open(lost, config(redis));
  await using keeping = await StateManager.open(kept, config(redis));
  const { dailyTrades } = await keeping.getRiskState();
  const node = cluster.nodes.find((one) => one.port === port);
  await node?.kill();
  await node?.restart();
  await cluster.settled();
  assert.instance(await failure(losing.updateDailyPnl(1)), StateLostError);
  assert.is((await keeping.updateDailyPnl(1)).dailyTrades, dailyTrades + 1);
});

// --- the end of a manager

test("close() waits for what is in flight, and refuses what comes after", async () => {
  const flowId = newFlow();
  const manager = await StateManager.open(flowId, config({ url: proxy.url }));
  proxy.stallReplies();
  const order: string[] = [];
  const call = manager.updateDailyPnl(1).then(() => order.push("call"));
  const closing = manager.close().then(() => order.push("close"));
  const late = await failure(manager.updateDailyPnl(2));
  assert.instance(late, ConnectionError);
  assert.match(String(late), /not open: call connect\(\) first/);
  proxy.resume();
  await Promise.all([call, closing]);
  assert.equal(order, ["call", "close"]);
  assert.is((await eventsOf(redis, flowId)).length, 1);
});

test("calls before connect() and after close() are a ConnectionError; close() and connect() may follow each other", async () => {
  const manager = StateManager.fromConfig(newFlow(), config({ url: redis.url }));
  assert.instance(await failure(manager.updateDailyPnl(1)), ConnectionError);
  await manager.close();
  await manager.connect();
  assert.match(String(await failure(manager.connect())), /already open/);
  assert.is((await manager.updateDailyPnl(1)).dailyPnl, 1);
  await Promise.all([manager.close(), manager.close()]);
  assert.instance(await failure(manager.getRiskState()), ConnectionError);
  await manager.connect();
  assert.is((await manager.updateDailyPnl(1)).dailyPnl, 2);
  await Promise.all([manager.close(), manager.connect()]);
  assert.is((await manager.updateDailyPnl(1)).dailyPnl, 3);
  await manager.close();
});

test("close() in the middle of connecting ends both", async () => {
  const manager = StateManager.fromConfig(
    newFlow(),
    config({ url: `redis://127.0.0.1:${blackHolePort}`, command_timeout: HASTY }),
  );
  const connecting = failure(manager.connect());
  await manager.close();
  assert.instance(await connecting, ConnectionError);
  assert.instance(await failure(manager.updateDailyPnl(1)), ConnectionError);
});

test("a closed manager holds no connection", async () => {
  const { open } = proxy.stats;
  const managers = await Promise.all(
    Array.from({ length: 5 }, () => StateManager.open(newFlow(), config({ url: proxy.url }))),
  );
  assert.is(proxy.stats.open, open + 5);
  await Promise.all(managers.map((manager) => manager.close()));
  await until("its connections are closed", () => proxy.stats.open === open);
});

const ENDINGS: readonly (readonly [string, string])[] = [
  [
    "has closed its manager",
    `const m = await StateManager.open("end", { backend: "redis", redis: { url: URL } });
    await m.updateDailyPnl(1);
    await m.close();`,
  ],
  [
    "has closed its manager in the middle of an outage",
    `const m = await StateManager.open("end", { backend: "redis", redis: { url: PROXY, command_timeout: "2s" } });
    await tell("open");
    const error = await m.updateDailyPnl(1).catch((error) => error);
    if (error.code !== "UNKNOWN_OUTCOME" && error.code !== "CONNECTION") throw error;
    await m.close();`,
  ],
  [
    "could not connect to one that never answers",
    `const redis = { url: HOLE, connect_timeout: "100ms" };
    const error = await StateManager.open("end", { backend: "redis", redis }).catch((error) => error);
    if (error.code !== "CONNECTION") throw error;`,
  ],
  [
    "could not connect to a cluster that never answers",
    `const redis = { url: HOLE, cluster: true, connect_timeout: "100ms" };
    const error = await StateManager.open("end", { backend: "redis", redis }).catch((error) => error);
    if (error.code !== "CONNECTION") throw error;`,
  ],
  [
    "could not connect to sentinels that never answer",
    `const sentinels = [{ host: "127.0.0.1", port: Number(HOLE.split(":")[2]) }];
    const redis = { sentinels, sentinel_name: "m", connect_timeout: "100ms" };
    const error = await StateManager.open("end", { backend: "redis", redis }).catch((error) => error);
    if (error.code !== "CONNECTION") throw error;`,
  ],
];

for (const [what, code] of ENDINGS) {
  test(`a process that ${what} ends by itself, without a word`, async () => {
    const program = `
      import { StateManager } from "./src/index.ts";
      const [URL, PROXY, HOLE] = ${JSON.stringify([redis.url, proxy.url, `redis://127.0.0.1:${blackHolePort}`])};
      const tell = (word) => new Promise((written) => process.stdout.write(word, written));
      ${code}`;
    const root = new URL("..", import.meta.url);
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], { cwd: root });
    child.stdout.on("data", () => proxy.stall());
    let words = "";
    child.stderr.on("data", (chunk) => (words += chunk));
    const impatience = setTimeout(() => child.kill("SIGKILL"), FOREVER);
    const [exitCode, signal] = await once(child, "close");
    clearTimeout(impatience);
    assert.equal([words, exitCode, signal], ["", 0, null]);
  });
}

test("a socket that has one error after another is nobody's uncaught exception", async () => {
  await using trio = await startSentinel();
  for (const settings of [
    { url: redis.url },
    { url: tls.url, tls: { ca_file: tls.caFile } },
    { url: cluster.urls[0] ?? "", cluster: true },
    { sentinels: [...trio.sentinels], sentinel_name: trio.name },
  ]) {
    const client = createClient(resolveConfig(config(settings)).redis).redis;
    client.on("error", () => {});
    await client.connect();
    const { stream } = client;
    for (let time = 1; time <= 3; time++) stream.emit("error", new Error(`error ${time}`));
    client.disconnect();
  }
});

test("in all this no error event was left without a listener, and no listeners piled up", () => {
  assert.equal(complaints, []);
});

test.run();

/** Makes a call until it is answered, for tests in which command_timeout is short for another reason. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
    }
  }
}

function assertNoSecret(error: unknown, secret: string): void {
  const everything = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  assert.not.match(everything, secret);
}

async function offsetOf(server: RedisServer): Promise<string> {
  const info = await server.cli("info", "replication");
  return /master_repl_offset:(\d+)/.exec(info)?.[1] ?? "none";
}

/** A flow on each of the cluster's masters, by the master's port. */
async function flowsOnEachMaster(): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (let n = 0; found.size < cluster.nodes.length; n++) {
    const { port } = await cluster.masterOf(`sf:{spread-${n}}:flow:meta`);
    if (!found.has(port)) found.set(port, `spread-${n}`);
  }
  return found;
}

/** Moves the slot of a flow as a resharding does: key by key, while it is in use. */
async function moveSlot(flowId: string, source: RedisServer, target: RedisServer): Promise<void> {
  const slot = await source.cli("cluster", "keyslot", `{${flowId}}`);
  const [from, to] = [await source.cli("cluster", "myid"), await target.cli("cluster", "myid")];
  await target.cli("cluster", "setslot", slot, "importing", from);
  await source.cli("cluster", "setslot", slot, "migrating", to);
  for (;;) {
    const [key] = (await source.cli("cluster", "getkeysinslot", slot, "1")).split("\n");
    if (!key) break;
    await source.cli("migrate", "127.0.0.1", String(target.port), key, "0", "5000");
  }
  for (const node of [target, source, ...cluster.nodes]) await node.cli("cluster", "setslot", slot, "node", to);
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

/** Something that speaks the protocol and says what it is told to. */
async function startPretender(
  answer: (command: string) => string,
): Promise<AsyncDisposable & { readonly port: number }> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const framer = new RespFramer();
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      for (const request of framer.push(chunk)) socket.write(answer(decodeRequest(request)[0]?.toLowerCase() ?? ""));
    });
  });
  await once(server.listen(port, "127.0.0.1"), "listening");
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), "close");
    },
  };
}
