/** A bot whose event loop stands still, and bursts of calls: what has arrived counts, and no healthy connection is given up. */
import { execFile } from "node:child_process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { loopClock } from "../src/backends/redis/loop-clock.js";
import type { Duration } from "../src/config/duration.js";
import { ConnectionError, StateManager, UnknownOutcomeError } from "../src/index.js";
import { newFlowId } from "./contract/backends.js";
import { failure } from "./contract/expect.js";
import { startProxy } from "./servers/proxy.js";
import { startRedis } from "./servers/redis.js";

const PAIR = "BTC/USDT";

/** The most calls that are taken at once. */
const LIMIT = 100_000;

const server = await startRedis();
const stats = new Redis(server.url);

const run = promisify(execFile);

const test = suite("the event loop of a bot");

test.after(async () => {
  stats.disconnect();
  await server.stop();
});

function connect(timeout: Duration, url = server.url): Promise<StateManager> {
  return StateManager.open(newFlowId(), { backend: "redis", redis: { url, command_timeout: timeout } });
}

/** The same, again and again until the machine is quick enough to connect within the timeout. */
async function open(timeout: Duration, url = server.url): Promise<StateManager> {
  for (;;) {
    try {
      return await connect(timeout, url);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
    }
  }
}

/** The event loop stands still for so long, ms. */
function stall(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

async function stat(section: string, pattern: RegExp): Promise<number> {
  return Number(pattern.exec(await stats.info(section))?.[1]);
}

function connections(): Promise<number> {
  return stat("stats", /total_connections_received:(\d+)/);
}

/** The scripts that the server ran since CONFIG RESETSTAT. */
function scriptsRun(): Promise<number> {
  return stat("commandstats", /cmdstat_evalsha:calls=(\d+)/);
}

/** So many signals, each another one, at once. */
function burst(manager: StateManager, count: number): Promise<unknown>[] {
  return Array.from({ length: count }, (_, n) => manager.markSignalProcessed(`s${n}`, PAIR));
}

async function settled(calls: readonly Promise<unknown>[]): Promise<unknown[]> {
  return Promise.all(calls.map((call) => call.catch((error: unknown) => error)));
}

test("the clock leaves out the time in which the loop stands still", async () => {
  const watch = loopClock.watch(Number.POSITIVE_INFINITY, () => undefined);
  await nextTurn();
  const before = loopClock.now();
  stall(500);
  assert.ok(loopClock.now() - before < 100);
  await nextTurn();
  await nextTurn();
  assert.ok(loopClock.now() - before < 200);
  watch.end();
});

test("the clock goes on while the loop turns, and tells what is due, as often as it wants to be told", async () => {
  const began = { real: performance.now(), clock: loopClock.now() };
  const told: number[] = [];
  await new Promise<void>((resolve) => {
    loopClock.watch(began.clock + 20, (now) => {
      told.push(now - began.clock);
      if (told.length < 3) return now + 20;
      resolve();
      return undefined;
    });
  });
  const [first = 0, second = 0, third = 0] = told;
  assert.ok(first >= 20 && second >= first + 20 && third >= second + 20, told.join());
  assert.ok(third <= performance.now() - began.real + 1, "not faster than time");
});

test("what is over is not told", async () => {
  let told = 0;
  const ended = loopClock.watch(loopClock.now() + 10, () => {
    told++;
    return undefined;
  });
  const rest = new Promise<void>((resolve) => {
    loopClock.watch(loopClock.now() + 60, () => {
      resolve();
      return undefined;
    });
  });
  ended.end();
  await rest;
  assert.is(told, 0);
});

for (const load of [1, 50]) {
  for (const standstill of [250, 1_000]) {
    for (const kind of ["changes", "reads"] as const) {
      test(`${load} ${kind}, answered while the loop stands still for ${standstill} of 300 ms, have their answers`, async () => {
        await using manager = await open("300ms");
        await settled(burst(manager, load)); // the server knows the script
        const before = await connections();
        const calls = Array.from({ length: load }, (_, n) =>
          kind === "changes" ? manager.markSignalProcessed(`new${n}`, PAIR) : manager.isSignalProcessed(`s${n}`),
        );
        await nextTurn(); // they are sent
        stall(standstill);
        assert.equal(await settled(calls), Array(load).fill(true));
        assert.is(await connections(), before, "the connection lives");
      });
    }
  }
}

test("a loop that stands still again and again does not lose a call", async () => {
  await using manager = await open("300ms");
  const before = await connections();
  for (let n = 0; n < 10; n++) {
    const call = manager.markSignalProcessed(`s${n}`, PAIR);
    await nextTurn();
    stall(150);
    assert.is(await call, true);
  }
  assert.is(await connections(), before);
});

test("a flow is opened though the loop stands still meanwhile", async () => {
  const opening = connect("1s");
  for (let n = 0; n < 5; n++) {
    await nextTurn();
    stall(1_200);
  }
  await using manager = await opening;
  assert.is(await manager.markSignalProcessed("s", PAIR), true);
});

test("a server that says nothing is given up also by a loop that stands still now and then", async () => {
  await using manager = await open("300ms");
  process.kill(server.pid, "SIGSTOP");
  try {
    const call = settled(burst(manager, 5));
    let isOver = false;
    void call.then(() => {
      isOver = true;
    });
    while (!isOver) {
      await nextTurn();
      stall(60);
    }
    for (const outcome of await call) assert.instance(outcome, UnknownOutcomeError);
  } finally {
    process.kill(server.pid, "SIGCONT");
  }
});

for (const count of [6_000, 50_000]) {
  test(`${count} calls at once are done, each once, on one connection`, async () => {
    await using manager = await open("2s");
    await stats.config("RESETSTAT");
    const outcomes = await settled(burst(manager, count));
    assert.equal(new Set(outcomes), new Set([true]));
    assert.is(await scriptsRun(), count);
    assert.is(await connections(), 0, "none since the counters were reset");
  });
}

test(`of more than ${LIMIT} calls at once, those above are refused at once, and the others are done`, async () => {
  await using manager = await open("2s");
  await stats.config("RESETSTAT");
  const calls = burst(manager, LIMIT);
  const error = await failure(manager.markSignalProcessed("one more", PAIR));
  assert.instance(error, ConnectionError);
  assert.match(
    error.message,
    /^mark_signal_processed: 100000 calls are under way, and no more are accepted.*nothing happened/,
  );
  assert.equal(new Set(await settled(calls)), new Set([true]));
  assert.is(await scriptsRun(), LIMIT);
  assert.is(await manager.markSignalProcessed("one more", PAIR), true);
});

test("a process ends as soon as its manager is closed, whatever command_timeout is", async () => {
  const program = `
    const { StateManager } = await import("./src/index.ts");
    const config = { backend: "redis", redis: { url: "${server.url}", command_timeout: "10m" } };
    const manager = await StateManager.open("${newFlowId()}", config);
    await manager.heartbeat();
    await manager.close();
    process.on("exit", () => console.log(process.getActiveResourcesInfo().filter((each) => each === "Timeout").length));
  `;
  const { stdout } = await run(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program]);
  assert.is(stdout, "0\n");
});

test("a burst on a server that stands still ends within command_timeout, and retry() tells what became of each call", async () => {
  await using manager = await open("300ms");
  process.kill(server.pid, "SIGSTOP");
  const outcomes = await settled(burst(manager, 8_000)).finally(() => process.kill(server.pid, "SIGCONT"));
  const asked = outcomes.map(async (outcome) => {
    let known = outcome;
    while (known instanceof UnknownOutcomeError) known = await known.retry().catch((error: unknown) => error);
    return known;
  });
  assert.equal(new Set(await Promise.all(asked)), new Set([true]));
  assert.is((await manager.getSignalState()).recentSignalIds.length, 100);
});

test("a burst whose connection breaks in the middle is done, each call once", async () => {
  await using proxy = await startProxy(server.port);
  await using manager = await open("20s", proxy.url);
  await manager.setCooldown(PAIR, "1h");
  let seen = 0;
  proxy.dropReplies(1, ([command]) => command === "evalsha" && seen++ === 3_000);
  assert.equal(new Set(await settled(burst(manager, 6_000))), new Set([true]));
  assert.is(proxy.stats.lostReplies, 1);
  const marked = (await manager.getEvents({ limit: 10_000 })).filter(({ type }) => type === "signal_processed");
  assert.is(marked.length, 6_000);
});

test.run();
