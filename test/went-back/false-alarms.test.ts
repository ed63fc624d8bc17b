/** What looks like a state that went back, and is none. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StateManager } from "../../src/index.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { LONG } from "../long.js";
import { startProxy } from "../servers/proxy.js";
import { startRedis } from "../servers/redis.js";
import { Clocks, HOUR, MINUTE, open, sessionsOf } from "./stand.js";

const PAIR = "BTC/USDT";

/** How many calls a soak makes. */
const CALLS = LONG ? 200_000 : 6_000;

/** Some calls at a time, all of them won, whatever `between` does after each lot. */
async function soak(mgr: StateManager, between: (lot: number) => Promise<unknown>): Promise<void> {
  const random = seededRandom(7, 0);
  let made = 0;
  for (let lot = 0; made < CALLS; lot++) {
    const size = 1 + Math.floor(random() * 30);
    const marks = Array.from({ length: size }, (_, i) => mgr.markSignalProcessed(`s${made + i}`, PAIR));
    made += size;
    assert.equal(await Promise.all(marks), Array(size).fill(true));
    await between(lot);
  }
}

const server = await startRedis();
const proxy = await startProxy(server.port);
const test = suite("a state that did not go back");

test.before.each(() => proxy.calm());

test.after(async () => {
  await proxy.stop();
  await server.stop();
});

test("survives sessions of seconds, and calls under way from one to the next", async () => {
  using clocks = new Clocks();
  await using mgr = await open({ url: server.url });
  clocks.haste = 300;
  await soak(mgr, async () => {});
  clocks.haste = 0;
  const sessions = (await sessionsOf(server, mgr)).length;
  assert.ok(sessions > 5, `${sessions} sessions`);
});

test("survives clocks that step back and forth", async () => {
  using clocks = new Clocks();
  await using mgr = await open({ url: server.url });
  const steps = [-HOUR, 2 * HOUR, -3 * MINUTE, 8 * MINUTE, -HOUR, 10 * MINUTE, -MINUTE];
  await soak(mgr, async (lot) => clocks.set(steps[lot % steps.length] ?? 0));
});

test("survives connections that break, and replies that are lost", async () => {
  await using mgr = await open({ url: proxy.url });
  proxy.chaos(11, { rates: { dropReply: 0.002, dropRequest: 0.002, delayReply: 0.01 } });
  await soak(mgr, async () => {});
  proxy.calm();
});

test("survives a suspended machine whose answers have expired meanwhile", async () => {
  using clocks = new Clocks();
  await using mgr = await open({ url: server.url });
  for (let i = 0; i < 3; i++) {
    await mgr.markSignalProcessed(`s${i}`, PAIR);
    clocks.set(HOUR);
    for (const key of await sessionsOf(server, mgr)) await server.cli("del", key);
  }
  assert.is(await mgr.markSignalProcessed("s3", PAIR), true);
});

test("survives servers that are killed under load and keep what they acknowledged", async () => {
  await using durable = await startRedis({ args: { appendonly: "yes", appendfsync: "always" } });
  await using mgr = await open({ url: durable.url });
  const watcher = mgr.watch();
  await mgr.getPositions();
  let restarts = 0;
  let going: Promise<void> = Promise.resolve();
  const restart = async () => {
    await durable.kill("SIGKILL");
    await durable.restart();
    restarts++;
  };
  await soak(mgr, async (lot) => {
    if (lot % (LONG ? 100 : 60) !== 0) return;
    await going;
    going = restart(); // the next lots meet it
  });
  await going;
  assert.ok(restarts >= 5, `${restarts} restarts`);
  for (let i = 0; i < 1_000; i++) assert.is((await watcher.next()).value?.type, "signal_processed");
});

test.run();
