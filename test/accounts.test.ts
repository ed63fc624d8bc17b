/** Members of an exchange account that cannot be read, users that may not, clusters, and a server at its maxmemory. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type AccountFlow, type Config, ConnectionError, StateManager } from "../src/index.js";
import { newFlowId } from "./contract/backends.js";
import { failure } from "./contract/expect.js";
import { BUY, LONG } from "./contract/samples.js";
import { startCluster } from "./servers/cluster.js";
import { startRedis } from "./servers/redis.js";

const test = suite("accounts");
const [redis, cluster] = await Promise.all([startRedis(), startCluster()]);

test.after(async () => {
  await Promise.all([redis.stop(), cluster.stop()]);
});

function config(account: string, server: NonNullable<Config["redis"]> = { url: redis.url }): Config {
  return { backend: "redis", redis: server, recovery: { account } };
}

function whyNot(flow: AccountFlow | undefined): string {
  return flow === undefined ? "no flow" : flow.readable ? "readable" : flow.why;
}

test("a flow that is gone stays a member that cannot be read, and nothing is made in its place", async () => {
  await using a = await StateManager.open(newFlowId(), config("gone"));
  const b = await StateManager.open(newFlowId(), config("gone"));
  await b.savePosition(LONG);
  await b.close();
  for (const key of (await redis.cli("keys", `sf:${b.flowId}:*`)).split("\n")) await redis.cli("del", key);
  const [seen, ...more] = await a.getAccountFlows();
  assert.equal([seen?.flowId, more], [b.flowId, []]);
  assert.match(whyNot(seen), new RegExp(`no such flow any more.*sf-state account forget ${b.flowId}`));
  assert.is(await redis.cli("keys", `sf:${b.flowId}:*`), "");
});

test("a flow of another schema, one that is migrated, and one that is damaged cannot be read, and the others can", async () => {
  await using a = await StateManager.open(newFlowId(), config("older"));
  const flows = await Promise.all(
    ["older", "migrating", "damaged", "well"].map((name) =>
      StateManager.open(`${name}-${newFlowId()}`, config("older")),
    ),
  );
  for (const flow of flows) {
    await flow.savePosition(LONG);
    await flow.close();
  }
  const [older, migrating, damaged, well] = flows.map(({ flowId }) => flowId);
  await redis.cli("hset", `sf:${older}:flow:meta`, "schema", "3");
  await redis.cli("hset", `sf:${migrating}:flow:meta`, "migrating", "3");
  await redis.cli("hset", `sf:${damaged}:positions:open`, "p", "no JSON");
  await redis.cli("sadd", "sf:@older:members", "no{flow");
  const seen = new Map((await a.getAccountFlows()).map((flow) => [flow.flowId, whyNot(flow)]));
  assert.is(seen.size, 5);
  assert.match(seen.get(older ?? "") ?? "", /schema 3/);
  assert.match(seen.get(migrating ?? "") ?? "", /migration of the flow is unfinished/);
  assert.match(seen.get(damaged ?? "") ?? "", /could not be understood/);
  assert.match(seen.get("no{flow") ?? "", /no id of a flow/);
  assert.is(seen.get(well ?? ""), "readable");
});

test("a user who may only read the other flows sees them; one who may not is told so, flow by flow", async () => {
  const [own, other] = [newFlowId(), newFlowId()];
  await using b = await StateManager.open(other, config("rights"));
  await b.savePosition(LONG);
  const commands = ["-@all", "+@connection", "+@read", "+@write", "+time", "+info", "+script|load"];
  const scripts = ["+eval", "+evalsha", "+eval_ro", "+evalsha_ro"];
  const user = (...patterns: string[]) =>
    redis.cli("acl", "setuser", "bot", "reset", "on", ">secret", ...commands, ...scripts, ...patterns);
  const url = `redis://bot:secret@127.0.0.1:${redis.port}`;

  await user(`~sf:${own}:*`);
  const error = await failure(StateManager.open(own, config("rights", { url })));
  assert.instance(error, ConnectionError);
  assert.match(error.message, /recovery\.account rights: .*~sf:@rights:members/);

  await user(`~sf:${own}:*`, "~sf:@rights:*");
  await using a = await StateManager.open(own, config("rights", { url }));
  assert.match(
    whyNot((await a.getAccountFlows())[0]),
    /the Redis user bot may not read sf:[^ ]+:\*: ACL SETUSER bot %R~sf:[^ ]+:\* /,
  );

  await user(`~sf:${own}:*`, "~sf:@rights:*", "%R~sf:*");
  const [seen] = await a.getAccountFlows();
  assert.equal(seen?.readable && seen.positions.map(({ id }) => id), [LONG.id]);
});

test("in a cluster the flows and the set of their ids are on several masters", async () => {
  const server = { url: cluster.urls[0] ?? "", cluster: true };
  const managers = await Promise.all(
    ["one", "two", "three", "four"].map((name) =>
      StateManager.open(`${name}-${newFlowId()}`, config("spread", server)),
    ),
  );
  const [first, ...others] = managers;
  for (const other of others) await other.saveOrder({ ...BUY });
  const master = await cluster.masterOf("sf:@{spread}:members");
  assert.equal(
    (await master.cli("smembers", "sf:@{spread}:members")).split("\n").sort(),
    managers.map(({ flowId }) => flowId).sort(),
  );
  const seen = (await first?.getAccountFlows()) ?? [];
  assert.equal(
    seen.map((flow) => [flow.flowId, flow.readable && flow.orders.map(({ id }) => id)]),
    others.map(({ flowId }) => [flowId, [BUY.id]]).sort(),
  );
  await Promise.all(managers.map((manager) => manager.close()));
});

test("a member can connect at maxmemory; a flow that would be a new one is told why it cannot", async () => {
  await using small = await startRedis();
  const account = config("full", { url: small.url });
  const flowId = newFlowId();
  await (await StateManager.open(flowId, account)).close();
  const plain = newFlowId();
  await (await StateManager.open(plain, { ...account, recovery: {} })).close();
  await small.cli("config", "set", "maxmemory", "1");
  await using member = await StateManager.open(flowId, account);
  assert.is((await member.triggerCircuitBreaker("stop")).active, true);
  const error = await failure(StateManager.open(plain, account));
  assert.instance(error, ConnectionError);
  assert.match(error.message, /maxmemory/);
});

test("what can be a flow's id, and what an account's name, can never be one key", async () => {
  for (const flowId of ["@older", "@older:members"]) {
    assert.match((await failure(StateManager.open(flowId, config("older")))).message, /^flow id: expected/);
  }
  const error = await failure(StateManager.open("a", config("a:b")));
  assert.match(error.message, /recovery\.account: expected a name/);
});

test.run();
