/** A recovery whose process is killed, on a real Redis and a real DuckDB file: the next process ends as if nobody had been. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Config, StateManager } from "../../src/index.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { PaperExchange } from "../../sync/index.js";
import { bundle } from "../bundle.js";
import { newFlowId } from "../contract/backends.js";
import { Clock } from "../contract/clock.js";
import { startRedis } from "../servers/redis.js";
import { calamity, outcome, SCENES, type Scene } from "./recovery/scene.js";

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000));
const VICTIM = await bundle(new URL("./recovery/victim.ts", import.meta.url));

/** Kills of each backend and scene. */
const KILLS = 3;

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "sf-kill-"));
const redis = await startRedis();
const test = suite(`recovery that is killed (SEED=${SEED})`);
let plays = 0;

interface Ended {
  /** Undefined when it was killed. */
  readonly status: string | undefined;
  readonly steps: number;
}

/** Makes a calamity of a flow of its own, lets processes recover it that die at these steps, and one that lives. */
async function play(backend: "duckdb" | "redis", scene: Scene, steps: readonly number[]) {
  const clock = new Clock();
  plays += 1;
  const file = join(folder, `${plays}.jsonl`);
  const config: Config = {
    backend,
    redis: { url: redis.url, key_prefix: newFlowId() },
    duckdb: { path: join(folder, `${plays}.db`) },
  };
  const open = () => StateManager.open("flow", config, { clock: clock.read, instanceId: "bot" });
  {
    let ticks = 0;
    await using exchange = new PaperExchange({
      file,
      clock: () => clock.now + ticks++,
      fees: { maker: 0.0002, taker: 0.001 },
    });
    await using mgr = await open();
    await calamity(mgr, exchange, clock);
  }
  const recover = async (step: number): Promise<Ended> => {
    const args = [JSON.stringify(config), "flow", file, scene.name, String(step), String(clock.now)];
    const child = run(process.execPath, [VICTIM, ...args]);
    const { stdout } = await child.catch((error: { signal?: string; stderr?: string }) => {
      if (error.signal !== "SIGKILL") throw error;
      return { stdout: '{"steps":0}' };
    });
    return { status: undefined, ...JSON.parse(stdout) };
  };
  for (const step of steps)
    assert.is((await recover(step)).status, undefined, `SEED=${SEED}: not killed at step ${step}`);
  const last = await recover(0);
  assert.is(last.status, "recovered", `SEED=${SEED}`);
  await using exchange = new PaperExchange({ file, clock: clock.read });
  await using mgr = await open();
  assert.is(await mgr.getRecovery(), undefined);
  return { steps: last.steps, found: JSON.parse(JSON.stringify(await outcome(mgr, exchange))) };
}

for (const backend of ["duckdb", "redis"] as const) {
  for (const scene of SCENES) {
    test(`${scene.name}, on ${backend}: ${KILLS} kills -9 on the way make no difference`, async () => {
      const random = seededRandom(SEED, plays);
      const undisturbed = await play(backend, scene, []);
      // Each life gets a bit further than the one before, or dies where that one died.
      const kills = Array.from({ length: KILLS }, () => 1 + Math.floor(random() * 60));
      const { found } = await play(backend, scene, kills);
      assert.equal(found, undisturbed.found, `SEED=${SEED}: killed at ${kills}`);
    });
  }
}

test("the servers and files of these tests are let go", async () => {
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

test.run();
