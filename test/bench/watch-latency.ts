/**
 * How soon one process's watcher hears of a breaker that another process trips, on one machine:
 *
 *     npx tsx test/bench/watch-latency.ts
 *
 * Starts a Redis and a second process that watches; trips the breaker 200 times. Prints the time from the call (and from its answer) to the event in
 * the watcher's hands. Both read the machine's monotonic clock. This measures, and asserts nothing.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { StateManager } from "../../src/index.js";
import { startRedis } from "../servers/redis.js";

const TRIPS = 200;
const FLOW = "latency";

const [role, url = ""] = process.argv.slice(2);
if (role === "watch") await watch();
else await measure();

async function watch(): Promise<void> {
  await using state = await StateManager.open(FLOW, { backend: "redis", redis: { url } });
  for await (const event of state.watch({ after: "0-0" })) {
    const now = process.hrtime.bigint();
    if (event.type === "breaker_tripped") process.send?.(`${now}`);
    if (event.type === "limits_set") process.send?.("watching");
    if (event.type === "recovery_begun") break;
  }
  process.disconnect?.();
}

async function measure(): Promise<void> {
  await using redis = await startRedis();
  await using state = await StateManager.open(FLOW, { backend: "redis", redis: { url: redis.url } });
  const watcher = fork(fileURLToPath(import.meta.url), ["watch", redis.url], { execArgv: ["--import", "tsx"] });
  await state.setRiskLimits({ max_open_positions: 1 });
  await once(watcher, "message");

  const fromCall: number[] = [];
  const fromAnswer: number[] = [];
  for (let trip = 0; trip < TRIPS; trip++) {
    const heard = once(watcher, "message");
    const called = process.hrtime.bigint();
    await state.triggerCircuitBreaker("a drill", { duration: "until_reset" });
    const answered = process.hrtime.bigint();
    const at = BigInt(String((await heard)[0]));
    fromCall.push(Number(at - called) / 1e6);
    fromAnswer.push(Number(at - answered) / 1e6);
    await state.resetCircuitBreaker();
  }
  await state.beginRecovery("the end");
  await once(watcher, "exit");
  console.log(`${TRIPS} trips, ms from the call to the watcher:   ${spread(fromCall)}`);
  console.log(`${TRIPS} trips, ms from the answer to the watcher: ${spread(fromAnswer)}`);
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0).toFixed(2);
  return `p50 ${at(0.5)}  p90 ${at(0.9)}  p99 ${at(0.99)}  max ${at(1)}`;
}
