/** A bot that is killed inside submitAndBook, on a real Redis and a real DuckDB file: the next one sends and books nothing twice. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Config, StateManager } from "../../src/index.js";
import { PaperExchange } from "../../sync/index.js";
import { bundle } from "../bundle.js";
import { newFlowId } from "../contract/backends.js";
import { Clock, HOUR } from "../contract/clock.js";
import { numbers, some } from "../long.js";
import { startRedis } from "../servers/redis.js";
import { PAIR } from "./recovery/stand.js";

const VICTIM = await bundle(new URL("./submit/victim.ts", import.meta.url));

/** Kills of each backend, in the short form. */
const KILLS = 8;

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "sf-submit-"));
const redis = await startRedis();
const test = suite("a bot that is killed inside submitAndBook");
let flows = 0;

function newFlow(backend: "duckdb" | "redis"): { config: Config; file: string } {
  flows += 1;
  const config: Config = {
    backend,
    redis: { url: redis.url, key_prefix: newFlowId() },
    duckdb: { path: join(folder, `${flows}.db`) },
  };
  return { config, file: join(folder, `${flows}.jsonl`) };
}

/** One life of the bot; undefined when it was killed. */
async function live(
  flow: ReturnType<typeof newFlow>,
  step: number,
  now: number,
): Promise<{ steps: number } | undefined> {
  const args = [JSON.stringify(flow.config), "flow", flow.file, String(step), String(now)];
  const child = run(process.execPath, [VICTIM, ...args]);
  const { stdout } = await child.catch((error: { signal?: string }) => {
    if (error.signal !== "SIGKILL") throw error;
    return { stdout: "" };
  });
  return stdout === "" ? undefined : JSON.parse(stdout);
}

for (const backend of ["duckdb", "redis"] as const) {
  test(`on ${backend}: whatever the step, every order is sent once and every fill is booked once`, async () => {
    const clock = new Clock();
    const whole = await live(newFlow(backend), 0, clock.now);
    if (!whole) throw new Error("it was killed without being told to be");
    for (const step of some(numbers(1, whole.steps), KILLS)) {
      const flow = newFlow(backend);
      assert.is(await live(flow, step, clock.now), undefined, `not killed at step ${step}`);
      await live(flow, 0, clock.now + HOUR);
      await using exchange = new PaperExchange({ file: flow.file, clock: clock.read });
      await using state = await StateManager.open("flow", flow.config, { clock: () => clock.now + HOUR });
      const sent = exchange.seen.flatMap((call) => (call.method === "createOrder" ? [call.clientOrderId] : []));
      assert.equal([...new Set(sent)], sent, `killed at step ${step}`);
      assert.equal(await state.getPositions(), [], `killed at step ${step}`);
      assert.equal(await exchange.fetchPositions(), [], `killed at step ${step}`);
      assert.equal(await state.getPendingOrders(), [], `killed at step ${step}`);
      const booked = (await state.getEvents()).filter(({ type }) => type === "fill_recorded").length;
      assert.is(booked, (await exchange.fetchFills(PAIR, new Date(0))).length, `killed at step ${step}`);
      const { fees, realised } = exchange;
      assert.is((await state.getRiskState()).dailyPnl, Number((realised - fees).toFixed(8)), `killed at step ${step}`);
    }
  });
}

test("the servers and files of these tests are let go", async () => {
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

test.run();
