/** Every example under `examples/` runs as it is, ends by itself, and leaves the state that its sums say. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StateManager } from "../src/index.js";
import { receiver } from "./alerts/receiver.js";
import { bundleAll } from "./bundle.js";
import { guardProcess } from "./servers/guardian.js";
import { startRedis } from "./servers/redis.js";

const EXAMPLES = new URL("./examples/", import.meta.url);
const run = promisify(execFile);
const redis = await startRedis();
const folder = await mkdtemp(join(tmpdir(), "sf-examples-"));
const names = (await readdir(EXAMPLES)).filter((name) => name.endsWith(".ts"));
const programs = await bundleAll(names.map((name) => new URL(name, EXAMPLES)));
const tried = new Set<string>();
const test = suite("examples");

function program(name: string): string {
  tried.add(`${name}.ts`);
  return programs[names.indexOf(`${name}.ts`)] ?? "";
}

/** The lines that an example prints; rejects unless it ends with exit code 0. */
async function lines(name: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await run(process.execPath, [program(name), ...args], { timeout: 60_000 });
  return stdout.trimEnd().split("\n");
}

function onRedis(flowId: string): Promise<StateManager> {
  return StateManager.open(flowId, { backend: "redis", redis: { url: redis.url } }, { existing: true });
}

function inFile(flowId: string, path: string): Promise<StateManager> {
  return StateManager.open(flowId, { backend: "duckdb", duckdb: { path } }, { existing: true });
}

test("minimal: enters, exits, and acts on its signal once", async () => {
  const path = join(folder, "minimal.db");
  // 0.5 x (60,100 - 60,000) - 12 - 12.02
  const today = "today: 25.98 in 1 trade";
  assert.equal(await lines("minimal", path), ["made 25.98 after fees of 24.02", today]);
  const [again = "", still] = await lines("minimal", path);
  assert.match(again, /^no entry: .*crossover-1/);
  assert.is(still, today);
  await using state = await inFile("minimal", path);
  assert.equal(
    (await state.getTrades()).map(({ pnl, fees, reason }) => ({ pnl, fees, reason })),
    [{ pnl: 25.98, fees: 24.02, reason: "tp" }],
  );
});

test("own-fills: books parts, a repeated execution once, and a fee in another coin at its rate", async () => {
  const path = join(folder, "own-fills.db");
  // (105 - 101) x 2 - 0.1 - 0.0002 x 600 - 0.21
  assert.equal(await lines("own-fills", path), [
    "t1: 1 at 100",
    "t2: 2 at 101",
    "t2: booked before",
    "t3: the trade made 7.57 after fees of 0.43",
  ]);
  await using state = await inFile("own-fills", path);
  assert.is((await state.getRiskState()).dailyPnl, 7.57);
  assert.equal(await state.getPositions(), []);
});

test("backtest: days, results and the breaker follow the candles' time", async () => {
  // 107 - 104, 95 - 112: the second day stands at -14, below -10; 99 - 103.
  assert.equal(await lines("backtest"), [
    "2026-01-06T00 104 to 107: 3",
    "2026-01-06T12 112 to 95: -17",
    "2026-01-06T12 the breaker tripped",
    "2026-01-06T18 no entry: circuit_breaker",
    "2026-01-07T12 103 to 99: -4",
    "2026-01-05: 0 in 0 trades",
    "2026-01-06: -14 in 2 trades",
    "2026-01-07: -4 in 1 trades",
  ]);
});

test("fleet: of three bots exactly one wins each signal, and two positions are the most", async () => {
  const bots = ["alice", "bob", "carol"];
  const told = (await Promise.all(bots.map((name) => lines("fleet", redis.url, name)))).flat();
  const won = told.flatMap((line): number[] => JSON.parse(line.slice(line.indexOf("["))));
  assert.equal(
    won.sort((a, b) => a - b),
    Array.from({ length: 12 }, (_, i) => i + 1),
  );
  await using state = await onRedis("fleet");
  let open = 0;
  for (const event of await state.getEvents()) {
    if (event.type === "entry_admitted") open++;
    if (event.type === "fill_recorded") open -= event.trades?.length ?? 0;
    assert.ok(open <= 2, `${open} at once`);
  }
  assert.equal({ open, pnl: (await state.getRiskState()).dailyPnl }, { open: 0, pnl: 12 });
});

test("standby: one of two bots trades, and the other takes over when it is done", async () => {
  const told = await Promise.all(
    ["alice", "bob"].map((name) => lines("standby", redis.url, "standby", name, "3", "2")),
  );
  for (const [i, name] of ["alice", "bob"].entries()) {
    assert.is(told[i]?.filter((line) => line.startsWith(`${name} exited`)).length, 2);
  }
  await using state = await onRedis("standby");
  const by = (await state.getTrades()).map(({ entryInstance }) => entryInstance);
  // Whoever was first did both of its trades before the other did any.
  assert.is(new Set(by.slice(0, 2)).size, 1);
  assert.equal([...by].sort(), ["alice", "alice", "bob", "bob"]);
});

test("account: the limit and the kill switch of one account hold for both of its flows", async () => {
  assert.equal(await lines("account", redis.url), [
    "trend-1: in",
    "trend-2: in",
    "grid-1: in",
    "grid-2: account_max_open_positions",
    "grid-3: account_circuit_breaker",
    "exit: closed, -5",
    "grid-4: in",
    "main: 3 positions, today -5",
  ]);
  await using trend = await onRedis("main-trend");
  await using grid = await onRedis("main-grid");
  assert.equal([(await trend.getPositions()).length, (await grid.getPositions()).length], [2, 1]);
});

test("watcher: tells what another process does, and ends with 1 when the breaker trips", async () => {
  await using bot = await StateManager.open(
    "watched",
    { backend: "redis", redis: { url: redis.url }, risk: { max_daily_loss: 5 } },
    { instanceId: "alice" },
  );
  await bot.updateDailyPnl(-1); // before the watcher comes: not told
  const child = spawn(process.execPath, [program("watcher"), redis.url, "watched"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  guardProcess(child);
  const closed = once(child, "close");
  const told: string[] = [];
  const watching = new Promise<void>((resolve) => {
    createInterface(child.stdout).on("line", (line) => {
      told.push(line);
      resolve();
    });
  });
  await Promise.race([watching, closed]);
  await bot.savePosition({ id: "p1", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 100, entryTs: new Date() });
  await bot.closePosition("p1", { pnl: -4.5, reason: "sl" });
  assert.is((await closed)[0], 1);
  assert.equal(told.slice(0, 2), ["watching watched", "alice closed BTC/USDT (sl): -4.5"]);
  assert.match(told[2] ?? "", /^BREAKER: .*5\.5/);
  assert.is(told.length, 3);
});

test("submit-and-book: trades on a paper exchange, and a second run of it finds every signal acted on", async () => {
  const path = join(folder, "submit.db");
  const config = JSON.stringify({ backend: "duckdb", duckdb: { path } });
  const live = () => lines("submit-and-book", config, "submit", join(folder, "paper.jsonl"), "2");
  const told = await live();
  assert.is(told[0], "recovery: recovered");
  assert.match(told[1] ?? "", /^round-1 filled, 0\.1 of 0\.1 in \d+ fills$/);
  const made = told.filter((line) => line.startsWith("a trade made"));
  assert.is(made.length, 2);
  assert.match((await live()).join("\n"), /^recovery: recovered\nno entry: .*\nno entry: .*$/);
  await using state = await inFile("submit", path);
  const trades = await state.getTrades();
  assert.equal(
    made,
    trades.map(({ pnl, reason }) => `a trade made ${pnl} (${reason})`),
  );
});

test("alerts: tells once that the breaker tripped, and in a later run that this is over", async () => {
  await using hook = await receiver();
  const [path, url] = [join(folder, "alerts.db"), join(folder, "hook.txt")];
  await writeFile(url, `${hook.url}\n`);
  const told = () =>
    hook.got.flatMap(({ alerts }) => alerts.map(({ flow, kind, state }) => `${flow} ${kind} ${state}`));
  // 0.1 x (59,400 - 60,000)
  assert.equal(await lines("alerts", path, url), ["made -60: the breaker tripped"]);
  assert.equal(told(), ["alerts breaker new"]);
  assert.match(hook.got[0]?.alerts[0]?.text ?? "", "The circuit breaker is tripped (daily_loss)");
  assert.equal(await lines("alerts", path, url), ["no entry: circuit_breaker"]);
  assert.equal(told(), ["alerts breaker new"]);
  {
    await using state = await inFile("alerts", path);
    await state.resetCircuitBreaker("seen");
  }
  const [said = ""] = await lines("alerts", path, url);
  assert.match(said, /^no entry: /);
  assert.equal(told(), ["alerts breaker new", "alerts breaker resolved"]);
});

test("every example was run here", () => {
  assert.equal([...tried].sort(), names.sort());
});

test.after(async () => {
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});
test.run();
