import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Config, ConnectionError, InvalidArgumentError, StateManager } from "../src/index.js";
import { failure } from "./contract/expect.js";
import { startCluster } from "./servers/cluster.js";
import { makeFolder, removeFolder } from "./servers/folder.js";
import { startRedis } from "./servers/redis.js";

const POSITION = { id: "p1", pair: "BTC/USDT", side: "long", size: 2, entryPrice: 100 } as const;
const ORDER = { id: "o1", pair: "BTC/USDT", side: "buy", size: 1, price: 90 } as const;

const folder = await makeFolder();
const [server, cluster] = await Promise.all([startRedis(), startCluster()]);

const test = suite("flows of one exchange account");

test.after(async () => {
  await Promise.all([server.stop(), cluster.stop(), removeFolder(folder)]);
});

let accounts = 0;

function newAccount(): string {
  return `main-${++accounts}`;
}

function config(account: string | undefined, redis: Config["redis"] = { url: server.url }): Config {
  return { backend: "redis", redis, recovery: account === undefined ? {} : { account } };
}

for (const [where, redis] of [
  ["one server", { url: server.url }],
  ["a cluster", { url: cluster.urls[0] ?? "", cluster: true }],
] as const) {
  test(`on ${where} each flow that was opened under the account is known to the others, with what it holds`, async () => {
    const account = newAccount();
    const ids = Array.from({ length: 7 }, (_, i) => `${account}.${where.replace(" ", "-")}-${i}`);
    await using own = await StateManager.open(ids[0] ?? "", config(account, redis));
    assert.equal(await own.getAccountFlows(), []);
    for (const id of ids.slice(1)) {
      await using other = await StateManager.open(id, config(account, redis));
      await other.savePosition({ ...POSITION, metadata: { of: id } });
      await other.saveOrder(ORDER);
    }
    await using stranger = await StateManager.open(`${account}.stranger`, config(newAccount(), redis));
    await stranger.savePosition(POSITION);
    const flows = await own.getAccountFlows();
    assert.equal(
      flows.map((flow) => flow.flowId),
      ids.slice(1),
    );
    for (const flow of flows) {
      assert.ok(flow.readable);
      assert.equal(
        flow.positions.map(({ id, size, metadata }) => [id, size, metadata]),
        [["p1", 2, { of: flow.flowId }]],
      );
      assert.equal(
        flow.orders.map(({ id, price }) => [id, price]),
        [["o1", 90]],
      );
    }
    assert.equal(await stranger.getAccountFlows(), []);
    assert.is(await own.forgetAccountFlow(ids[1] ?? ""), true);
    assert.is(await own.forgetAccountFlow(ids[1] ?? ""), false);
    assert.equal(
      (await own.getAccountFlows()).map((flow) => flow.flowId),
      ids.slice(2),
    );
  });
}

test("a flow that cannot be read is told with the reason, and is not made", async () => {
  const account = newAccount();
  await using own = await StateManager.open(`${account}.own`, config(account));
  const [gone, old, broken] = ["a-gone", "b-old", "c-broken"].map((name) => `${account}.${name}`);
  for (const id of [gone, old, broken]) {
    await using other = await StateManager.open(id ?? "", config(account));
    await other.savePosition(POSITION);
  }
  await server.cli("del", `sf:${gone}:flow:meta`);
  await server.cli("hset", `sf:${old}:flow:meta`, "schema", "3");
  await server.cli("hset", `sf:${broken}:positions:open`, "p1", "{garbage");
  const before = await server.cli("keys", `sf:${account}.*`);
  const flows = await own.getAccountFlows();
  assert.equal(
    flows.map(({ flowId, readable }) => [flowId, readable]),
    [
      [gone, false],
      [old, false],
      [broken, false],
    ],
  );
  const reasons = flows.map((flow) => (flow.readable ? "" : flow.why));
  assert.match(reasons[0] ?? "", /no state/);
  assert.match(reasons[1] ?? "", /schema 3/);
  assert.match(reasons[2] ?? "", /could not be understood/);
  assert.equal((await server.cli("keys", `sf:${account}.*`)).split("\n").sort(), before.split("\n").sort());
});

test("a flow whose keys this user may not read is told with the reason", async () => {
  const account = newAccount();
  await using other = await StateManager.open(`${account}.other`, config(account));
  await other.savePosition(POSITION);
  const rules = ["on", ">pass", "+@all", `~sf:${account}.own:*`, `~sf:@${account}:*`, "&*"];
  await server.cli("acl", "setuser", "narrow", ...rules);
  const redis = { url: server.url, username: "narrow", password: "pass" };
  await using own = await StateManager.open(`${account}.own`, config(account, redis));
  const [flow] = await own.getAccountFlows();
  assert.is(flow?.flowId, `${account}.other`);
  assert.match(flow?.readable === false ? flow.why : "", /may not do this/);
});

test("at maxmemory a flow that is known already can still be opened", async () => {
  const small = await startRedis();
  try {
    const flow = config("main", { url: small.url });
    await (await StateManager.open("own", flow)).close();
    await small.cli("config", "set", "maxmemory", "1");
    await using own = await StateManager.open("own", flow);
    assert.is((await own.triggerCircuitBreaker("stop")).active, true);
  } finally {
    await small.stop();
  }
});

test("a flow that is only looked at does not join the account, nor does one without an account", async () => {
  const account = newAccount();
  await using own = await StateManager.open(`${account}.own`, config(account));
  await (await StateManager.open(`${account}.a`, config(undefined))).close();
  await (await StateManager.open(`${account}.a`, config(account), { existing: true })).close();
  assert.equal(await own.getAccountFlows(), []);
  await using alone = await StateManager.open(`${account}.b`, config(undefined));
  assert.equal(await alone.getAccountFlows(), []);
  assert.is(await alone.forgetAccountFlow(`${account}.own`), false);
});

test("in memory and DuckDB there is no other flow, whatever the account is called", async () => {
  for (const backend of ["memory", "duckdb"] as const) {
    const duckdb = { path: `${folder}/{flow_id}.duckdb` };
    await using mgr = await StateManager.open("bot", { backend, duckdb, recovery: { account: "main" } });
    assert.equal(await mgr.getAccountFlows(), []);
    assert.is(await mgr.forgetAccountFlow("other"), false);
  }
});

test("a manager that is not open, and what is no id of a flow, are refused", async () => {
  const account = newAccount();
  const mgr = StateManager.fromConfig(`${account}.own`, config(account));
  assert.instance(await failure(mgr.getAccountFlows()), ConnectionError);
  assert.instance(await failure(mgr.forgetAccountFlow("a")), ConnectionError);
  await mgr.connect();
  await using _ = mgr;
  for (const id of ["@main:members", "", "a b"]) {
    assert.instance(await failure(mgr.forgetAccountFlow(id)), InvalidArgumentError);
  }
});

test.run();
