import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Cluster, Redis } from "ioredis";
import { RedisMemoryServer } from "redis-memory-server";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { skip } from "../skip.js";
import { ask } from "./ask.js";
import { startCluster } from "./cluster.js";
import { startRedis } from "./redis.js";
import { redisBinary, redisCli } from "./redis-binary.cjs";
import { startSentinel } from "./sentinel.js";
import { startTlsRedis } from "./tls.js";
import { until } from "./until.js";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, "../..");

const [redis, tls, cluster, sentinel] = await Promise.all([
  startRedis({ args: { appendonly: "yes", appendfsync: "always" } }),
  startTlsRedis(),
  startCluster(),
  startSentinel(),
]);

const test = suite("servers");

test.after(async () => {
  await Promise.all([redis.stop(), tls.stop(), cluster.stop(), sentinel.stop()]);
});

test("a server answers a client on its URL", async () => {
  const client = new Redis(redis.url);
  assert.is(await client.set("greeting", "hello"), "OK");
  assert.is(await client.get("greeting"), "hello");
  await client.quit();
});

test("redis-cli prints what the server answers, errors included", async () => {
  assert.is(await redis.cli("set", "words", "two words"), "OK");
  assert.is(await redis.cli("get", "words"), "two words");
  assert.match(await redis.cli("incr", "words"), /ERR value is not an integer/);
});

test("a configuration value of several words reaches the server", async () => {
  await using server = await startRedis({ args: { save: "900 1 300 10", "maxmemory-policy": "allkeys-lru" } });
  assert.match(await server.cli("config", "get", "save"), /900 1 300 10/);
  assert.match(await server.cli("config", "get", "maxmemory-policy"), /allkeys-lru/);
});

test("a killed server comes back on its port with what it had appended", async () => {
  const { pid, port } = redis;
  await redis.cli("set", "kept", "yes");
  await redis.kill("SIGKILL");
  assert.is(await failure(ask({ port }, "PING")), true);
  await redis.restart();
  assert.is(await redis.cli("get", "kept"), "yes");
  assert.is(redis.port, port);
  assert.is.not(redis.pid, pid);
});

test("a running server restarts, too, even if SIGSTOP has frozen it", async () => {
  await redis.cli("set", "kept", "still");
  await redis.kill("SIGSTOP");
  await redis.restart();
  assert.is(await redis.cli("get", "kept"), "still");
});

test("a folder that was given is kept, one that was made is removed", async () => {
  const dir = await mkdtemp(join(tmpdir(), "sf servers-"));
  const first = await startRedis({ dir, args: { appendonly: "yes", appendfsync: "always" } });
  await first.cli("set", "kept", "over servers");
  await first.stop();
  const second = await startRedis({ dir, args: { appendonly: "yes" } });
  assert.is(await second.cli("get", "kept"), "over servers");
  await second.stop();
  await rm(dir, { recursive: true });
  const third = await startRedis();
  assert.ok(existsSync(third.dir));
  await third.stop();
  await third.stop();
  assert.not(existsSync(third.dir));
});

test("a port that is taken is an error when it was asked for", async () => {
  const error = await startRedis({ port: redis.port }).catch((reason: Error) => reason);
  assert.instance(error, Error);
  assert.match(String(error), `port ${redis.port} is already in use`);
});

test("many servers start at once on ports of their own", async () => {
  const servers = await Promise.all(Array.from({ length: 8 }, () => startRedis()));
  assert.is(new Set(servers.map((server) => server.port)).size, servers.length);
  const answers = await Promise.all(servers.map((server) => ask(server, "PING")));
  assert.ok(answers.every((answer) => answer === "PONG"));
  await Promise.all(servers.map((server) => server.stop()));
});

const BY_ITSELF = "redis-memory-server by itself starts the server that was found";
if (/\s/.test(redisBinary() + HERE)) {
  skip(test, BY_ITSELF, "it cannot run a binary whose path has a space in it");
} else {
  test(BY_ITSELF, byItself);
}

async function byItself(): Promise<void> {
  const server = new RedisMemoryServer();
  try {
    const executable = /^executable:(.*)\r$/m.exec(await ask({ port: await server.getPort() }, "INFO", "server"))?.[1];
    const found = /^executable:(.*)\r$/m.exec(await ask(redis, "INFO", "server"))?.[1];
    assert.type(found, "string");
    assert.is(executable, found);
  } finally {
    await server.stop();
  }
}

test("the launcher becomes the server that is found when it runs", async () => {
  const [found, launched] = await Promise.all([redisBinary(), join(HERE, "redis-server.sh")].map(version));
  assert.match(found ?? "", /v=\d/);
  assert.is(launched, found);
  assert.match((await version(redisCli())) ?? "", /-cli \d/);
});

for (const [end, code] of [
  ["is killed with SIGKILL", 'process.kill(process.pid, "SIGKILL")'],
  ["is ended by SIGTERM", 'process.kill(process.pid, "SIGTERM")'],
  ["dies of an uncaught error", "throw new Error('on purpose')"],
  ["exits without stopping its servers", "process.exit(0)"],
] as const) {
  test(`no server and no folder outlives a test process that ${end}`, async () => {
    const program = `
      import { startRedis } from "./test/servers/redis.ts";
      import { startSentinel } from "./test/servers/sentinel.ts";
      const { master, replica, sentinel } = await startSentinel();
      const servers = [master, replica, sentinel, await startRedis()];
      await new Promise((written) => process.stdout.write(JSON.stringify(servers.map(({ port, dir }) => ({ port, dir }))), written));
      ${code};
    `;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [printed] = await Promise.all([text(child.stdout), once(child, "close")]);
    const servers: { port: number; dir: string }[] = JSON.parse(printed);
    assert.is(servers.length, 4);
    await until("the servers are gone", async () => {
      const silent = await Promise.all(servers.map(({ port }) => failure(ask({ port }, "PING"))));
      return silent.every(Boolean) && servers.every(({ dir }) => !existsSync(dir));
    });
  });
}

test("the TLS server answers its user over TLS", async () => {
  const client = new Redis(tls.url, { tls: { ca: await readFile(tls.caFile) } });
  assert.is(await client.set("sf:bot:mode", "live"), "OK");
  assert.is(await client.get("sf:bot:mode"), "live");
  await client.quit();
  assert.is(await tls.cli("get", "sf:bot:mode"), "live");
});

test("the TLS server refuses plain TCP", async () => {
  assert.is(await failure(ask({ port: tls.port }, "PING")), true);
});

test("the TLS server refuses whoever has no password", async () => {
  const ca = await readFile(tls.caFile);
  const error = await ask({ port: tls.port, ca }, "GET", "sf:bot:mode").catch((reason: Error) => reason);
  assert.match(String(error), /NOAUTH/);
});

test("a client that does not know the authority refuses the TLS server", async () => {
  const client = new Redis(tls.url, { lazyConnect: true, retryStrategy: () => null });
  const reasons: string[] = [];
  client.on("error", (error) => reasons.push(String(error)));
  assert.is(await failure(client.connect()), true);
  client.disconnect();
  assert.match(reasons.join(), /certificate/);
});

test("the TLS server's user may do what a bot needs", async () => {
  const client = new Redis(tls.url, { tls: { ca: await readFile(tls.caFile) }, connectionName: "bot-1" });
  const script = `#!lua
    redis.call("HSET", KEYS[1], "a", redis.call("TIME")[1])
    redis.call("ZADD", KEYS[2], 1, "s")
    return redis.call("XADD", KEYS[3], "*", "type", "mark")`;
  const keys = ["sf:bot:h", "sf:bot:z", "sf:bot:events"];
  const id = await client.eval(script, 3, ...keys);
  const sha = await client.script("LOAD", script);
  assert.type(await client.evalsha(String(sha), 3, ...keys), "string");
  assert.ok(await client.xread("BLOCK", 1, "STREAMS", "sf:bot:events", "0"));
  assert.ok(await client.xrange("sf:bot:events", String(id), "+"));
  assert.match(await client.info("server"), /redis_version/);
  assert.equal(await client.config("GET", "maxmemory-policy"), ["maxmemory-policy", "noeviction"]);
  assert.is(await client.client("GETNAME"), "bot-1");
  assert.is(await client.ping(), "PONG");
  await client.quit();
});

test("the TLS server refuses other keys and dangerous commands", async () => {
  const refused = /NOPERM|can't access|ACL failure/;
  for (const command of [
    ["set", "other:key", "1"],
    ["get", "other:key"],
    ["eval", "return redis.call('SET', KEYS[1], 1)", "1", "other:key"],
    ["eval", "return redis.call('SET', 'other:key', 1)", "1", "sf:bot:x"],
    ["flushall"],
    ["keys", "*"],
    ["config", "set", "maxmemory", "1"],
    ["shutdown"],
    ["script", "flush"],
    ["acl", "list"],
    ["client", "list"],
  ]) {
    assert.match(await tls.cli(...command), refused, command.join(" "));
  }
});

test("the cluster spreads keys over its three masters", async () => {
  const client = new Cluster(cluster.urls.map((url) => ({ host: "127.0.0.1", port: Number(new URL(url).port) })));
  const flows = ["a", "b", "c", "d", "e", "f"];
  const owners = new Set<number>();
  for (const flow of flows) {
    const key = `sf:{${flow}}:positions:open`;
    assert.is(await client.hset(key, "id", flow), 1);
    const master = await cluster.masterOf(key);
    assert.is(await master.cli("hget", key, "id"), flow);
    owners.add(master.port);
  }
  assert.is(owners.size, 3);
  await client.quit();
});

test("a cluster node that was killed comes back into the cluster", async () => {
  const [node] = cluster.nodes;
  assert.ok(node);
  await node.kill("SIGKILL");
  await node.restart();
  await cluster.settled();
});

test("a sentinel names a new master after the old one was killed, and it has the data", async () => {
  const { name, sentinels, master, replica } = sentinel;
  const client = new Redis({ sentinels: [...sentinels], name });
  client.on("error", () => {}); // While there is no master it complains, and tries again.
  assert.is(await client.set("sf:kept", "1"), "OK");
  assert.is(await client.wait(1, 5_000), 1);
  assert.is(Number(new URL(master.url).port), sentinel.masterPort);
  await sentinel.failover();
  assert.match(await replica.cli("role"), /^master/);
  assert.is(replica.port, sentinel.replicaPort);
  await until("the client finds the new master", async () => (await client.set("sf:after", "1")) === "OK");
  assert.is(await replica.cli("get", "sf:kept"), "1");
  assert.is(await replica.cli("get", "sf:after"), "1");
  client.disconnect();
});

test.run();

function failure(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => false,
    () => true,
  );
}

async function version(program: string): Promise<string> {
  const child = spawn(program, ["--version"], { stdio: ["ignore", "pipe", "inherit"] });
  return text(child.stdout);
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = "";
  for await (const chunk of stream) all += chunk.toString();
  return all;
}
