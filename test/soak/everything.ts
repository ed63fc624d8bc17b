/**
 * Does anything of a flow grow without a bound? A million signals, cooldowns, orders, fills, trades, bookings and refusals, each of a name of its own,
 * over a month of the flow's clock; at the end every key holds no more than is said of it, and Redis no more than half-way.
 *
 *   npm run soak                                    a million lives on Redis, and on memory
 *   npm run soak -- --lives 50000 --backends redis
 *   npm run soak -- --short
 *
 * Exits with 1 when a bound is broken.
 */
import { parseArgs } from "node:util";
import { BACKENDS, type BackendName } from "../contract/backends.js";
import { NOON } from "../contract/clock.js";
import { boundsOf, broken } from "./bounds.js";
import { CHANGES, live } from "./life.js";

const MONTH = 30 * 86_400_000;
const LINES = 10;
const MB = 1024 * 1024;

/** So many lives fill every memory; after that nothing may grow any more. */
const FULL = 200_000;

/** Enough to fill most memories of a hundred thousand in memory, and the closed orders on Redis. */
const SHORT: Readonly<Record<BackendName, number>> = { memory: 52_000, redis: 4_000, duckdb: 2_000 };

const { values } = parseArgs({
  options: {
    lives: { type: "string", default: "1000000" },
    "in-flight": { type: "string", default: "64" },
    backends: { type: "string", default: "redis,memory" },
    short: { type: "boolean", default: false },
  },
});

const inFlight = count("--in-flight", values["in-flight"]);
const wrong: string[] = [];
for (const name of values.backends.split(",")) {
  const backend = isBackend(name) ? name : refuse(`--backends: expected redis, memory or duckdb, got ${name}`);
  wrong.push(...(await soak(backend, values.short ? SHORT[backend] : count("--lives", values.lives))));
}
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exitCode = 1;
} else {
  console.log("\nbounded");
}

async function soak(name: BackendName, lives: number): Promise<string[]> {
  const load = { inFlight, pairs: 500, days: 31, maxTrades: 5_000, maxSignals: 100_000, maxEvents: 10_000 };
  await using redis = name === "redis" ? await BACKENDS.redis() : undefined;
  await using backend = redis ?? (await BACKENDS[name]());
  let begun = 0;
  await using manager = await backend.open(
    {
      redis: { command_timeout: "60s" },
      trades: { max_length: load.maxTrades },
      signals: { max_ids: load.maxSignals },
      events: { max_length: load.maxEvents },
      risk: { guards: [{ kind: "low_profit", within: "1h", count: 200, limit: -1, block: "pair", for: "1m" }] },
    },
    { clock: () => NOON + Math.floor((begun / lives) * MONTH) },
  );
  const used = async () =>
    redis
      ? Number(/used_memory:(\d+)/.exec(await redis.redis.cli("info", "memory"))?.[1])
      : process.memoryUsage().heapUsed;

  console.log(`\n${name}: ${lives} lives, ${lives * CHANGES} changes\n      lives    changes/s         MB`);
  const began = performance.now();
  let half = 0;
  for (let line = 1; line <= LINES; line++) {
    const goal = Math.round((lives * line) / LINES);
    const work = async () => {
      while (begun < goal) {
        const n = begun++;
        await live(manager, n, `PAIR${n % load.pairs}/USDT`);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, work));
    const bytes = await used();
    if (line === LINES / 2) half = bytes;
    const rate = (goal * CHANGES * 1000) / (performance.now() - began);
    const cells = [String(goal), rate.toFixed(0), (bytes / MB).toFixed(1)];
    console.log(cells.map((cell, at) => cell.padStart(at === 0 ? 11 : at === 1 ? 13 : 11)).join(""));
  }
  const layout = await manager.exportFlow();
  const found = broken(layout, boundsOf(load)).map((each) => `${name}: ${each}`);
  const end = await used();
  if (redis && lives >= 2 * FULL && end > 1.1 * half) {
    found.push(`redis: ${(end / MB).toFixed(1)} MB at the end, ${(half / MB).toFixed(1)} MB half-way`);
  }
  return found;
}

function isBackend(name: string): name is BackendName {
  return name in BACKENDS;
}

function count(option: string, value: string): number {
  const number = Number(value);
  return Number.isSafeInteger(number) && number > 0
    ? number
    : refuse(`${option}: expected a whole number above 0, got ${JSON.stringify(value)}`);
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}
