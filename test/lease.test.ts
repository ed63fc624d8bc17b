/** The lease of a flow on a real Redis: among several processes, and while Redis cannot be reached. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FencedError, type Lease, StateManager } from "../src/index.js";
import { newFlowId } from "./contract/backends.js";
import { Clock, MINUTE } from "./contract/clock.js";
import { failure } from "./contract/expect.js";
import { changesNothing, fill, SINGLE } from "./contract/lease.suite.js";
import { LONG } from "./contract/samples.js";
import { type FaultProxy, startProxy } from "./servers/proxy.js";
import { startRedis } from "./servers/redis.js";
import { until } from "./servers/until.js";

/** Long enough for a busy machine to renew in time. */
const TTL = "3s";

const redis = await startRedis({ args: { appendonly: "yes", appendfsync: "always" } });
const proxy = await startProxy(redis.port);

const test = suite("the lease on Redis");

test.before.each(() => proxy.calm());

test.after(async () => {
  await proxy.stop();
  await redis.stop();
});

function open(url: string, flowId = newFlowId(), options: { clock?: () => number; instanceId?: string } = {}) {
  const config = { backend: "redis", redis: { url }, ...SINGLE } as const;
  return StateManager.open(flowId, config, options);
}

/** Resolves when the lease is lost. */
function lost(lease: Lease): Promise<void> {
  return new Promise((resolve) => {
    if (lease.lost.aborted) resolve();
    else lease.lost.addEventListener("abort", () => resolve());
  });
}

test("a holder whose lease another took changes nothing any more, and is told who has it now", async () => {
  const clock = new Clock();
  await using first = await open(redis.url, newFlowId(), { clock: clock.read });
  await using second = await open(redis.url, first.flowId, { clock: clock.read });
  const lease = await first.acquireLease({ ttl: "1m" });
  await fill(first);
  clock.now += MINUTE;
  const next = await second.acquireLease({ ttl: "1m" });
  await second.savePosition({ ...LONG, id: "p2" });
  await changesNothing(first, new RegExp(`^lease ${lease.token} is not held; the flow's lease is ${next.token}$`));
  await next.release();
  await using back = await first.acquireLease({ ttl: "1m" });
  assert.ok(back.token > next.token);
  await first.savePosition({ ...LONG, id: "p3" });
  assert.instance(await failure(second.savePosition(LONG)), FencedError);
});

test("of eight processes that ask at once one gets the lease; when it lets go, one of those that wait does", async () => {
  const flowId = newFlowId();
  const managers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => open(redis.url, flowId, { instanceId: `${i}` })),
  );
  const held: string[] = [];
  const tokens: number[] = [];
  await Promise.all(
    managers.map(async (manager) => {
      const lease = await manager.acquireLease({ ttl: "1m", wait: "1m" });
      tokens.push(lease.token);
      held.push(manager.instanceId);
      await manager.savePosition({ ...LONG, id: manager.instanceId });
      assert.equal(held, [manager.instanceId]);
      held.pop();
      await lease.release();
    }),
  );
  assert.equal(
    tokens,
    [...new Set(tokens)].sort((a, b) => a - b),
  );
  const [one] = managers;
  assert.is((await one?.getPositions())?.length, 8);
  await Promise.all(managers.map((manager) => manager.close()));
});

const BREAKS: Readonly<Record<string, (to: FaultProxy) => void>> = {
  "Redis refuses connections": (to) => {
    to.refuse(true);
    to.cut();
  },
  "Redis does not answer": (to) => to.stall(),
  "the answers do not come back": (to) => to.stallReplies(),
};

for (const [how, cut] of Object.entries(BREAKS)) {
  test(`when ${how}, the lease is lost before another process can have it`, async () => {
    await using second = await open(redis.url);
    const first = await open(proxy.url, second.flowId);
    const order: string[] = [];
    const lease = await first.acquireLease({ ttl: TTL });
    lease.lost.addEventListener("abort", () => order.push("lost"));
    cut(proxy);
    const next = await second.acquireLease({ ttl: TTL, wait: "1m" });
    order.push("taken");
    assert.equal(order, ["lost", "taken"]);
    assert.instance(lease.lost.reason, FencedError);
    proxy.calm();
    assert.instance(await failure(first.savePosition(LONG)), FencedError);
    assert.is(await lease.release(), false);
    assert.is((await second.getLease())?.token, next.token);
    await next.release();
    await first.close();
  });
}

test("a short break does not lose the lease", async () => {
  await using mgr = await open(proxy.url);
  await using lease = await mgr.acquireLease({ ttl: TTL });
  for (const _ of [1, 2]) {
    const end = (await mgr.getLease())?.until.getTime() ?? 0;
    proxy.cut();
    await until("the lease is renewed", async () => ((await mgr.getLease())?.until.getTime() ?? 0) > end);
  }
  assert.is(lease.lost.aborted, false);
  assert.is((await mgr.savePosition(LONG)).version, 1);
});

test("whoever waits for a lease learns that it has it, though the answer was lost, and does not wait for itself", async () => {
  const flowId = newFlowId();
  await using mgr = await StateManager.open(flowId, {
    backend: "redis",
    redis: { url: proxy.url, command_timeout: "1s", connect_timeout: "2s" },
  });
  await using other = await open(redis.url, flowId);
  proxy.stallReplies();
  const { connections } = proxy.stats;
  const waiting = mgr.acquireLease({ ttl: "1h", wait: "10s" });
  await until("it has asked for longer than a call may take", () => proxy.stats.connections > connections + 4);
  const taken = await other.getLease();
  proxy.resume();
  await using lease = await waiting;
  assert.is(taken?.token, lease.token);
});

test("a holder and a standby get over a restart of Redis: one loses the lease, the other waits on and takes it", async () => {
  const flowId = newFlowId();
  await using active = await open(redis.url, flowId, { instanceId: "active" });
  await using standby = await open(redis.url, flowId, { instanceId: "standby" });
  const lease = await active.acquireLease({ ttl: TTL });
  const waiting = standby.acquireLease({ ttl: TTL, wait: "5m" });
  await redis.kill();
  await lost(lease);
  await redis.restart();
  await using next = await waiting;
  assert.ok(next.token > lease.token);
  await standby.savePosition(LONG);
  assert.is((await active.getLease())?.holder, "standby");
  assert.instance(await failure(active.savePosition(LONG)), FencedError);
});

test("a lease of a flow whose state is gone is lost at its next renewal", async () => {
  const mgr = await open(redis.url);
  const lease = await mgr.acquireLease({ ttl: TTL });
  await redis.cli("flushall");
  await lost(lease);
  assert.instance(lease.lost.reason, FencedError);
  await mgr.close();
});

test.run();
