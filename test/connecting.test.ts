/** What connecting proves and says: the server is the one that was asked for, or is refused by name. */
import { once } from "node:events";
import { rename, writeFile } from "node:fs/promises";
import { createServer as createWebServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { Redis } from "ioredis";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Config, resolveConfig } from "../src/config/schema.js";
import { ConfigError, ConnectionError, StateError } from "../src/errors.js";
import type { ManagerOptions } from "../src/manager/manager-options.js";
import { StateManager } from "../src/manager/state-manager.js";
import { startCluster } from "./servers/cluster.js";
import { makeFolder, removeFolder } from "./servers/folder.js";
import { freePort } from "./servers/ports.js";
import { startProxy } from "./servers/proxy.js";
import { startRedis } from "./servers/redis.js";
import { startRelay } from "./servers/relay.js";
import { decodeRequest, RespFramer } from "./servers/resp.js";
import { startSentinel } from "./servers/sentinel.js";
import { startTlsRedis } from "./servers/tls.js";
import { until } from "./servers/until.js";
import { inStep } from "./went-back/stand.js";

type RedisConfig = NonNullable<Config["redis"]>;

const [redis, tls, cluster, folder] = await Promise.all([startRedis(), startTlsRedis(), startCluster(), makeFolder()]);
const secure = { tls: { ca_file: tls.caFile } };
const plainPort = `127.0.0.1:${redis.port}`;

const test = suite("what connecting proves and says");

test.after(async () => {
  await Promise.all([redis.stop(), tls.stop(), cluster.stop(), removeFolder(folder)]);
});

let flows = 0;

function open(redis: RedisConfig, options: ManagerOptions = {}, flowId = `flow-${++flows}`): Promise<StateManager> {
  const settings = { connect_timeout: "60s", command_timeout: "30s", ...redis } as const;
  return StateManager.open(flowId, { backend: "redis", redis: settings }, options);
}

/** What is said after three seconds, unless it is said at once. */
async function refusal(redis: RedisConfig, options?: ManagerOptions): Promise<StateError> {
  try {
    await (await open({ connect_timeout: "3s", ...redis }, options)).close();
  } catch (error) {
    assert.instance(error, StateError);
    if (error instanceof StateError) return error;
  }
  throw new Error("it was opened");
}

async function user(name: string, ...rules: string[]): Promise<string> {
  await redis.cli("acl", "setuser", name, "reset", "on", ">pw", "~*", "&*", "+@all", ...rules);
  return `redis://${name}:pw@${plainPort}`;
}

/** Sends a command as the default user of a server with a password. */
async function askAs(password: string, port: number, ...words: string[]): Promise<string> {
  const client = new Redis({ port, password, host: "127.0.0.1", retryStrategy: () => null });
  try {
    return String(await client.call(words[0] ?? "ping", ...words.slice(1)));
  } finally {
    client.disconnect();
  }
}

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

// --- The database, the user and the protocol that were asked for

test("a database that the server does not give is refused by name, and nothing is written to database 0", async () => {
  const error = await refusal({ url: `${redis.url}/99` });
  assert.instance(error, ConnectionError);
  assert.match(error.message, /database 99 of redis\.url: .*DB index is out of range/);
  assert.is(await redis.cli("dbsize"), "0");
});

test("a user without SELECT is refused by name; in database 0 that user needs none", async () => {
  const url = await user("unselecting", "-select");
  const error = await refusal({ url: `${url}/3` });
  assert.match(error.message, /database 3 of redis\.url: the user may not run select/);
  assert.is(await redis.cli("dbsize"), "0");
  await (await open({ url })).close();
  await redis.cli("flushall");
});

test("a node of a cluster gives no other database, and no flow without redis.cluster", async () => {
  const [url = ""] = cluster.urls;
  const error = await refusal({ url: `${url}/3` });
  assert.match(error.message, /database 3 of redis\.url: it is a node of a cluster/);
  const undeclared = await refusal({ url });
  assert.instance(undeclared, ConfigError);
  assert.match(undeclared.message, /redis\.cluster: true/);
});

test("a database that is there is the one that is used, also after a break", async () => {
  await using proxy = await startProxy(redis.port);
  const manager = await open({ url: `${proxy.url}/5` });
  await manager.updateDailyPnl(1);
  proxy.cut();
  await manager.updateDailyPnl(1);
  await manager.close();
  assert.match(await redis.cli("info", "keyspace"), /^# Keyspace\s+db5:keys=\d+[^\n]*$/);
});

test("after a break nothing is said before the login, and no answer is left without a listener", async () => {
  const unheard: unknown[] = [];
  const listen = (reason: unknown) => unheard.push(reason);
  process.on("unhandledRejection", listen);
  try {
    await using guarded = await startRedis({ args: { requirepass: "pw" } });
    const cli = (...words: string[]) => askAs("pw", guarded.port, ...words);
    await cli("config", "resetstat");
    await using manager = await open({ url: `redis://:pw@127.0.0.1:${guarded.port}/3` });
    for (let time = 1; time <= 5; time++) {
      await cli("client", "kill", "type", "normal");
      assert.is(await manager.markSignalProcessed(`s-${time}`, "X/USDT"), true);
    }
    assert.is((await cli("info", "errorstats")).includes("errorstat_NOAUTH"), false);
    await cli("acl", "setuser", "default", "-select");
    await cli("client", "kill", "type", "normal");
    assert.instance(await manager.getPositions().catch((error: unknown) => error), ConnectionError);
  } finally {
    process.off("unhandledRejection", listen);
  }
  assert.equal(unheard, []);
});

test("a database that is not given any more after a break is a ConnectionError at the next call, and no other is used", async () => {
  const url = await user("restricted");
  const flowId = "restricted";
  await using manager = await open({ url: `${url}/6` }, {}, flowId);
  await manager.updateDailyPnl(1);
  await redis.cli("acl", "setuser", "restricted", "-select");
  await redis.cli("client", "kill", "user", "restricted");
  const error = await manager.updateDailyPnl(1).catch((error: unknown) => error);
  assert.instance(error, ConnectionError);
  assert.match(String(error), /database 6 of redis\.url: the user may not run select/);
  await redis.cli("acl", "setuser", "restricted", "+select");
  assert.is((await manager.updateDailyPnl(1)).dailyPnl, 2);
  assert.is(await redis.cli("-n", "0", "exists", `sf:${flowId}:risk:daily`), "0");
});

for (const [what, told, words] of [
  ["another database", "id=1 db=0 user=default resp=2", /it gives database 0, where 7 was asked for/],
  ["another user", "id=1 db=7 user=default resp=2", /it gives user default, where bot was asked for/],
  ["another protocol", "id=1 db=7 user=bot resp=3", /it gives protocol version 3, where 2 was asked for/],
] as const) {
  test(`a server, or what stands before it, that gives ${what} is refused by name`, async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.write(`+OK\r\n+OK\r\n$${told.length}\r\n${told}\r\n$9\r\nloading:0\r\n`));
    });
    const port = await listening(server);
    const error = await refusal({ url: `redis://bot:pw@127.0.0.1:${port}/7` });
    assert.match(error.message, words);
    server.close();
  });
}

test("a user who may not look at the connection has the word of AUTH and SELECT", async () => {
  const url = await user("blind", "-client");
  await (await open({ url: `${url}/3` })).close();
});

test("sentinels that name a server which is no master are not believed", async () => {
  await using trio = await startSentinel();
  const redis = { sentinels: [...trio.sentinels], sentinel_name: trio.name };
  await (await open(redis)).close();
  await trio.sentinel.kill("SIGSTOP");
  await using pretender = await startProxy(trio.replicaPort);
  const sentinel = createServer((socket) => {
    const address = `*2\r\n$9\r\n127.0.0.1\r\n$5\r\n${pretender.port}\r\n`;
    socket.on("error", () => {});
    const framer = new RespFramer();
    socket.on("data", (data) => {
      for (const request of framer.push(data)) {
        socket.write(decodeRequest(request)[1] === "get-master-addr-by-name" ? address : "*0\r\n");
      }
    });
  });
  const sentinels = [{ host: "127.0.0.1", port: await listening(sentinel) }];
  const error = await refusal({ ...redis, sentinels });
  assert.match(error.message, /the sentinels name a server that is a replica/);
  sentinel.close();
});

// --- Why there is no connection

async function strangers(): Promise<(readonly [string, RedisConfig, RegExp])[]> {
  const web = createWebServer((_, response) => response.end("hello"));
  const cutting = createServer((socket) => socket.destroy());
  const silent = createServer((socket) => socket.on("error", () => {}).resume());
  const shell = createServer((socket) => socket.on("error", () => {}).write("SSH-2.0-OpenSSH_9.2\r\n"));
  const [webPort, cuttingPort, silentPort, shellPort] = await Promise.all([web, cutting, silent, shell].map(listening));
  test.after(() => {
    for (const server of [web, cutting, silent, shell]) server.close();
    web.closeAllConnections();
  });
  const at = (port: number | undefined) => `redis://127.0.0.1:${port}`;
  const tlsAt = (port: number | undefined) => `rediss://127.0.0.1:${port}`;
  return [
    ["TLS to a port without it", { url: tlsAt(redis.port) }, /does that port speak TLS\?/],
    ["plain words to a port for TLS", { url: at(tls.port) }, /a port for TLS does so \(use rediss:\/\/\)/],
    ["a web server", { url: at(webPort) }, /what answers there is a web server \(HTTP\)/],
    ["TLS to a web server", { url: tlsAt(webPort) }, /it does not speak TLS: use redis:\/\//],
    ["a shell server", { url: at(shellPort) }, /what answers there is no Redis server/],
    [
      "a connection that is cut when it is accepted",
      { url: at(cuttingPort) },
      /it ended the connection before it answered/,
    ],
    ["the same with TLS", { url: tlsAt(cuttingPort) }, /it ended the connection before TLS was agreed on/],
    ["a server that says nothing", { url: at(silentPort) }, /it accepts the connection, but does not answer/],
    ["the same with TLS", { url: tlsAt(silentPort) }, /it accepts the connection, but does not answer in TLS/],
    ["a socket file that is not there", { url: "unix:///nowhere/redis.sock" }, /there is no such socket file/],
    [
      "a file of the password that is not there",
      { url: redis.url, password_file: "/nowhere/password" },
      /redis\.password_file cannot be read: ENOENT/,
    ],
  ];
}

const met = (await strangers()).map(([what, redis, words]) => ({ what, words, refused: refusal(redis) }));
for (const { refused } of met) refused.catch(() => {});

for (const { what, words, refused } of met) {
  test(`${what}: said in words`, async () => {
    const error = await refused;
    assert.instance(error, ConnectionError);
    assert.match(error.message, words);
  });
}

test("a bot that starts before its server waits for it; who only looks is told at once that nobody listens", async () => {
  const port = await freePort();
  const absent = { url: `redis://127.0.0.1:${port}`, connect_timeout: "10m" } as const;
  const told = await refusal(absent, { existing: true });
  assert.match(told.message, new RegExp(`127\\.0\\.0\\.1:${port}: nobody listens there: .*ECONNREFUSED`));
  const waiting = open(absent);
  assert.instance(await refusal(absent, { existing: true }), ConnectionError);
  await using server = await startRedis({ port });
  await using manager = await waiting;
  assert.is((await manager.updateDailyPnl(1)).dailyPnl, 1);
  assert.is(await server.cli("exists", `sf:${manager.flowId}:flow:meta`), "1");
});

test("who only looks is told at once, too, when none of the sentinels, or of a cluster's members, is there", async () => {
  const nodes = [await freePort(), await freePort()].map((port) => ({ host: "127.0.0.1", port }));
  const connect_timeout = "10m";
  for (const redis of [
    { sentinels: nodes, sentinel_name: "m", connect_timeout },
    { cluster: true, nodes, connect_timeout },
  ] as const) {
    assert.match((await refusal(redis, { existing: true })).message, /nobody listens there: .*ECONNREFUSED/);
  }
});

test("a master that is not there while its sentinels are may be another one soon: who only looks waits for it", async () => {
  await using trio = await startSentinel();
  const redis = { sentinels: [...trio.sentinels], sentinel_name: trio.name };
  const manager = await open(redis, {}, "looked-at");
  await manager.close();
  await inStep(trio.replica, trio.master);
  await trio.master.kill();
  const looking = open({ ...redis, connect_timeout: "10m" }, { existing: true }, "looked-at");
  await trio.failover();
  await (await looking).close();
});

test("a server with as many clients as it takes says so", async () => {
  await using server = await startRedis();
  await server.cli("config", "set", "maxclients", "1");
  const client: Socket = connect(server.port, "127.0.0.1");
  client.write("PING\r\n");
  await once(client, "data");
  const error = await refusal({ url: server.url });
  assert.match(error.message, /it accepts no more clients.*maxclients/);
  client.destroy();
});

test("a replica says that it is one", async () => {
  await using server = await startRedis();
  await server.cli("replicaof", "127.0.0.1", "1");
  assert.match(
    (await refusal({ url: server.url, connect_timeout: "10s" })).message,
    /it is a replica, which takes no changes/,
  );
});

test("a server that does not know INFO is refused by name, and so is a user who may not run it", async () => {
  await using server = await startRedis({ args: { "rename-command": "INFO other" } });
  assert.match((await refusal({ url: server.url })).message, /the server does not know info/);
  assert.match(
    (await refusal({ url: await user("uninformed", "-info") })).message,
    /the Redis user uninformed may not run info: ACL SETUSER uninformed \+info/,
  );
});

// --- Far away

for (const [how, target, scheme] of [
  ["plain", redis.port, redis.url.replace(/:\d+$/, "")],
  ["with TLS", tls.port, tls.url.replace(/:\d+$/, "")],
] as const) {
  test(`a server at 400 ms of round trip is connected to and worked with at the default times, ${how}`, async () => {
    await using relay = await startRelay(target, 400);
    const url = `${scheme}:${relay.port}`;
    await using manager = await StateManager.open(`far-${how}`.replace(" ", "-"), {
      backend: "redis",
      redis: { url, ...(how === "plain" ? {} : secure) },
      risk: { max_daily_loss: 10 },
    });
    assert.is((await manager.updateDailyPnl(1)).dailyPnl, 1);
  });
}

// --- Ways in

test("a socket file is a way to the server, and its URL names the database", async () => {
  const path = join(folder, "redis.sock");
  await using server = await startRedis({ args: { unixsocket: path } });
  const manager = await open({ url: `unix://${path}?db=2` });
  assert.is((await manager.updateDailyPnl(1)).dailyPnl, 1);
  await manager.close();
  assert.match(await server.cli("info", "keyspace"), /^# Keyspace\s+db2:keys=\d+[^\n]*$/);
});

test("a path that the system would cut is a ConfigError that says how long it may be", () => {
  const resolve = () => resolveConfig({ redis: { url: `unix:///${"x".repeat(107)}` } });
  assert.throws(resolve, /at most 107 bytes, not 108/);
});

test("valkey:// and valkeys:// are redis:// and rediss://", async () => {
  await (await open({ url: redis.url.replace("redis:", "valkey:") })).close();
  await (await open({ url: tls.url.replace("rediss:", "valkeys:"), ...secure })).close();
});

test("a password file is read at each connect: it may change", async () => {
  await using server = await startRedis({ args: { requirepass: "first" } });
  const file = join(folder, "password");
  const write = async (password: string) => {
    await writeFile(`${file}.new`, `${password}\n`);
    await rename(`${file}.new`, file);
  };
  await write("first");
  const manager = await open({ url: server.url, password_file: file });
  const cli = (password: string, ...words: string[]) =>
    server.cli("--pass", password, "--no-auth-warning", "client", "kill", "type", "normal", "skipme", "yes", ...words);
  await server.cli("--pass", "first", "--no-auth-warning", "config", "set", "requirepass", "second");
  await write("second");
  await cli("second");
  assert.is((await manager.updateDailyPnl(1)).dailyPnl, 1);
  await manager.close();
});

test("options.credentials is asked at each connect, by every connection, and a refusal at one is cured by the next", async () => {
  const tokens: string[] = [];
  let valid = "t1";
  const admit = (token: string) => redis.cli("acl", "setuser", "cloud", "reset", "on", `>${token}`, "~*", "+@all");
  await admit(valid);
  const credentials = async () => {
    tokens.push(valid);
    return { username: "cloud", password: valid };
  };
  const manager = await open({ url: `redis://${plainPort}` }, { credentials });
  assert.equal(tokens, ["t1"]);
  await admit("t2");
  await redis.cli("client", "kill", "user", "cloud");
  const error = await manager.updateDailyPnl(1).catch((error: unknown) => error);
  assert.instance(error, ConnectionError);
  assert.match(String(error), /refused the user or password/);
  valid = "t2";
  await until("the new token is asked for", () => tokens.at(-1) === "t2");
  assert.is((await manager.updateDailyPnl(1)).dailyPnl, 1);
  const watching = manager.watch({ signal: AbortSignal.timeout(30_000) })[Symbol.asyncIterator]();
  const asked = tokens.length;
  const next = watching.next();
  await until("the watcher has a connection", () => tokens.length > asked);
  await manager.updateDailyPnl(1);
  assert.is((await next).value?.type, "pnl_booked");
  await manager.close();
});

test("what options.credentials throws, or gives that is none, is said", async () => {
  const throws = () => Promise.reject(new Error("the token service is down"));
  assert.match(
    (await refusal({ url: redis.url }, { credentials: throws })).message,
    /options\.credentials failed: the token service is down/,
  );
  const none = JSON.parse('{"user":"bot"}');
  assert.match(
    (await refusal({ url: redis.url }, { credentials: () => none })).message,
    /options\.credentials: expected it to give/,
  );
});

test("redis.nat_map leads to cluster members and masters whose own addresses do not work from here", async () => {
  const nodes = await Promise.all(cluster.nodes.map((node) => startProxy(node.port)));
  const nat_map = Object.fromEntries(
    cluster.nodes.map((node, at) => [`127.0.0.1:${node.port}`, `127.0.0.1:${nodes[at]?.port}`]),
  );
  const manager = await open({ cluster: true, nodes: [{ host: "127.0.0.1", port: nodes[0]?.port ?? 0 }], nat_map });
  assert.is((await manager.updateDailyPnl(1)).dailyPnl, 1);
  const requests = nodes.reduce((sum, { stats }) => sum + stats.requests, 0);
  await manager.updateDailyPnl(1);
  assert.is(
    nodes.reduce((sum, { stats }) => sum + stats.requests, 0),
    requests + 1,
  );
  await manager.close();
  await using trio = await startSentinel();
  await using way = await startProxy(trio.masterPort);
  const behind = await open({
    sentinels: [...trio.sentinels],
    sentinel_name: trio.name,
    nat_map: { [`127.0.0.1:${trio.masterPort}`]: `127.0.0.1:${way.port}` },
  });
  const before = way.stats.requests;
  await behind.updateDailyPnl(1);
  assert.is(way.stats.requests, before + 1);
  await behind.close();
  await Promise.all(nodes.map((node) => node.stop()));
});

test.run();
