/** Watching a flow on a real Redis that restarts, goes away, or forgets everything. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Config, type StateEvent, StateLostError, StateManager } from "../src/index.js";
import { newFlowId } from "./contract/backends.js";
import { failure } from "./contract/expect.js";
import { LONG } from "./contract/samples.js";
import { next } from "./contract/watch.suite.js";
import { Metronome } from "./servers/metronome.js";
import { startProxy } from "./servers/proxy.js";
import { startRedis } from "./servers/redis.js";
import { until } from "./servers/until.js";

const redis = await startRedis({ args: { appendonly: "yes", appendfsync: "always" } });
const proxy = await startProxy(redis.port);

/** How often a watcher that waits looks whether the flow is still there, ms. */
const LOOK_EVERY = 5_000;

const test = suite("watching on Redis");

test.before.each(() => proxy.calm());

test.after(async () => {
  await proxy.stop();
  await redis.stop();
});

function open(url: string, flowId = newFlowId(), config: Config = {}): Promise<StateManager> {
  return StateManager.open(flowId, { ...config, backend: "redis", redis: { url, command_timeout: "10s" } });
}

/** How many clients Redis has, without the one that asks. */
async function clients(): Promise<number> {
  return (await redis.cli("client", "list")).split("\n").length - 1;
}

/** How many scripts Redis has run. */
async function scripts(): Promise<number> {
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.cli("info", "commandstats"))?.[1] ?? 0);
}

async function save(mgr: StateManager, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await mgr.savePosition(LONG);
}

/** Asserts that these are all events of saving one position again and again: each once, in their order. */
function assertVersions(events: readonly StateEvent[], from: number, to: number): void {
  assert.equal(
    events.map((event) => (event.type === "position_saved" ? event.position.version : event.type)),
    Array.from({ length: to - from + 1 }, (_, i) => from + i),
  );
}

test("a watcher gets over a restart of Redis without a gap and without a repeat", async () => {
  await using mgr = await open(redis.url);
  await using other = await open(redis.url, mgr.flowId);
  const watchers = [mgr.watch({ after: "0-0" }), other.watch({ after: "0-0" })];
  await save(mgr, 5);
  for (const watcher of watchers) assertVersions(await next(watcher, 5), 1, 5);
  const waiting = watchers.map((watcher) => next(watcher, 5));
  await redis.restart();
  await save(mgr, 5);
  for (const seen of await Promise.all(waiting)) assertVersions(seen, 6, 10);
});

test("a watcher waits while Redis is away for longer than a call may take, and goes on where it was", async () => {
  await using patient = await open(redis.url);
  await using mgr = await StateManager.open(patient.flowId, {
    backend: "redis",
    redis: { url: redis.url, command_timeout: "1s" },
  });
  const watcher = mgr.watch({ after: "0-0" });
  await save(patient, 2);
  await next(watcher, 2);
  const waiting = next(watcher, 3);
  await redis.kill();
  let failed = 0;
  while (failed < 3) {
    await mgr.getPositions().catch(() => failed++);
  }
  await redis.restart();
  await save(patient, 3);
  assertVersions(await waiting, 3, 5);
});

test("a watcher whose connections break again and again misses nothing and repeats nothing", async () => {
  await using writer = await open(redis.url);
  await using mgr = await open(proxy.url, writer.flowId);
  const seen = next(mgr.watch({ after: "0-0" }), 200);
  for (let i = 0; i < 20; i++) {
    await save(writer, 10);
    proxy.cut();
    await mgr.getPositions();
  }
  assertVersions(await seen, 1, 200);
});

test("a watcher that waits is told when the flow's state is gone", async () => {
  await using mgr = await open(redis.url);
  const watchers = [mgr.watch(), mgr.watch({ after: "0-0" })];
  const waiting = watchers.map((watcher) => failure(watcher.next()));
  await mgr.getPositions();
  await redis.cli("flushall");
  for (const error of await Promise.all(waiting)) assert.instance(error, StateLostError);
});

test("a watcher does not take the events of a new flow for those of the old one", async () => {
  await using mgr = await open(redis.url);
  await save(mgr, 3);
  const watcher = mgr.watch({ after: "0-0" });
  await next(watcher, 3);
  const waiting = failure(watcher.next());
  await redis.cli("flushall");
  await using renewed = await open(redis.url, mgr.flowId);
  await save(renewed, 10);
  assert.instance(await waiting, StateLostError);
  assertVersions(await next(renewed.watch({ after: "0-0" }), 10), 1, 10);
});

test("a watcher is told what another process has trimmed away", async () => {
  await using mgr = await open(redis.url);
  await using brief = await open(redis.url, mgr.flowId, { events: { max_length: 1 } });
  await save(mgr, 300);
  const watcher = mgr.watch({ after: "0-0" });
  const [first] = await next(watcher, 1);
  assert.ok(first);
  // Of the page that it has read already nothing is lost.
  await save(brief, 300);
  assertVersions(await next(watcher, 299), 2, 300);
  const [marker, ...kept] = await next(watcher, 1 + (await mgr.getEvents()).length);
  assert.is(marker?.type, "history_trimmed");
  assert.equal(kept, await mgr.getEvents());
  assertVersions(kept, 601 - kept.length, 600);
});

test("the watchers of a manager share one connection, which goes with the manager", async () => {
  const before = await clients();
  const mgr = await open(redis.url);
  const watchers = Array.from({ length: 10 }, () => next(mgr.watch(), 1));
  await until("the watchers wait", async () => /cmd=xread /.test(await redis.cli("client", "list")));
  assert.is(await clients(), before + 2);
  await mgr.updateEquity(1);
  await Promise.all(watchers);
  await mgr.close();
  await until("the connections are closed", async () => (await clients()) === before);
});

test("a watcher that waits asks nothing, also beside one that waits for a place to come", async () => {
  await using mgr = await open(redis.url);
  await using other = await open(redis.url);
  await mgr.updateEquity(1);
  const stop = new AbortController();
  const watchers = [mgr.watch({ after: "999999999999999", signal: stop.signal }), mgr.watch({ signal: stop.signal })];
  const ends = watchers.map((watcher) => watcher.next());
  await until("the watchers wait", async () => /cmd=xread /.test(await redis.cli("client", "list")));
  const [before, since] = [await scripts(), performance.now()];
  for (let i = 0; i < 100; i++) await other.getPositions();
  const asked = (await scripts()) - before - 100;
  const looks = 1 + Math.floor((performance.now() - since) / LOOK_EVERY);
  assert.ok(asked <= watchers.length * looks, `${asked} questions`);
  stop.abort();
  for (const end of await Promise.all(ends)) assert.is(end.done, true);
});

test("a breaker that one process trips is in another's hands within 50 ms, as fast as the machine lets both run", async () => {
  const program = fileURLToPath(new URL("./bench/watch-latency.ts", import.meta.url));
  const watcher = fork(program, ["watch", redis.url], { execArgv: ["--import", "tsx"] });
  await using mgr = await open(redis.url, "latency");
  const ended = once(watcher, "exit").then(() => Promise.reject(new Error("the watcher ended")));
  ended.catch(() => {});
  const word = async (): Promise<string> => String((await Promise.race([once(watcher, "message"), ended]))[0]);
  try {
    const watching = word();
    await mgr.setRiskLimits({ max_open_positions: 1 });
    assert.is(await watching, "watching");
    using metronome = new Metronome();
    const took: number[] = [];
    for (let trip = 0; trip < 51; trip++) {
      const heard = word();
      const [began, called] = [Date.now(), process.hrtime.bigint()];
      await mgr.triggerCircuitBreaker("a drill", { duration: "until_reset" });
      const ms = Number(BigInt(await heard) - called) / 1e6;
      took.push(ms - metronome.lateBetween(began, began + ms));
      await mgr.resetCircuitBreaker();
    }
    took.sort((a, b) => a - b);
    const median = took[25] ?? Number.POSITIVE_INFINITY;
    assert.ok(median <= 50, `half of the trips took ${median} ms or more`);
  } finally {
    watcher.kill("SIGKILL");
  }
});

test.run();
