/** What a call costs the server, in instructions: the same within a few percent on any machine with the same build of Redis, however busy. */
import { Redis } from "ioredis";
import { StateManager } from "../../../src/manager/state-manager.js";
import { fill, RISK, TEN } from "../flow.js";
import type { Subject } from "../subject.js";
import { freshIds, type Work } from "../work.js";
import { type CountedRedis, startCounted } from "./callgrind.js";
import { type ScriptRun, scriptRuns, skeletonOf } from "./skeleton.js";

/** How many calls a figure is the mean of. */
const CALLS = 100;

/** Of calls that are each made ready: between two of them the counter stands still, and that takes a while. */
const CALLS_ALONE = 10;

/** So many calls are looked at for their commands: some take turns. */
const SAMPLES = 2;

/** How often a raw command is counted: it is so cheap that a timer of the server within its calls shows. */
const RAW_ROUNDS = 5;

const WIDTH = 10;

export interface Counted {
  readonly name: string;
  /** Instructions of one call. */
  readonly instructions: number;
  /** Instructions of its commands alone. */
  readonly skeleton: number;
  /** Commands that it runs. */
  readonly commands: number;
}

export interface Counts {
  /** What answered. */
  readonly redis: string;
  /** Instructions of the raw commands: they tell whether two builds of Redis can be compared. */
  readonly set: number;
  readonly evalshaGet: number;
  readonly calls: readonly Counted[];
}

/** Counts each subject on a flow of its own with ten of everything, so that no figure depends on what was counted before. */
export async function count(subjects: readonly Subject[], begin: (step: string) => void): Promise<Counts> {
  begin("starting redis-server under valgrind");
  await using server = await startCounted();
  const redis = new Redis({ port: server.port, host: "127.0.0.1" });
  try {
    const version = /redis_version:(\S+)/.exec(await redis.info("server"))?.[1];
    const raw = await countRaw(server, redis);
    const calls: Counted[] = [];
    for (const subject of subjects) {
      begin(subject.name);
      calls.push(await countSubject(server, redis, subject, `count-${calls.length}`));
    }
    return { redis: `Redis ${version}`, ...raw, calls };
  } finally {
    redis.disconnect();
  }
}

async function countRaw(server: CountedRedis, redis: Redis): Promise<{ set: number; evalshaGet: number }> {
  const sha = String(await redis.script("LOAD", "return redis.call('GET', KEYS[1])"));
  const set = (key: string) => redis.set(key, "value");
  const get = () => redis.evalsha(sha, 1, "raw");
  await set("raw");
  await get();
  const least = async (call: (id: string) => Promise<unknown>) => {
    const means: number[] = [];
    while (means.length < RAW_ROUNDS) means.push(await meanOf(server, { name: "raw", call }, freshIds(CALLS)));
    return Math.min(...means);
  };
  return { set: await least(set), evalshaGet: await least(get) };
}

async function countSubject(server: CountedRedis, redis: Redis, subject: Subject, flowId: string): Promise<Counted> {
  const manager = await StateManager.open(flowId, {
    backend: "redis",
    redis: { url: `redis://127.0.0.1:${server.port}`, command_timeout: 60_000, connect_timeout: 120_000 },
    risk: RISK,
  });
  await using _ = manager;
  const work: Work = { name: subject.name, ...subject.on(await fill(manager, TEN, WIDTH)) };
  const ids = freshIds(2 * SAMPLES + (work.before ? CALLS_ALONE : CALLS));
  await work.prepare?.(ids);

  const [warm, seen, counted] = [ids.slice(0, SAMPLES), ids.slice(SAMPLES, 2 * SAMPLES), ids.slice(2 * SAMPLES)];
  for (const id of warm) {
    await work.before?.(id);
    await callEach(work, [id]);
  }
  const runs: ScriptRun[] = [];
  for (const id of seen) {
    await work.before?.(id);
    runs.push(...(await scriptRuns(redis, () => callEach(work, [id]))));
  }
  const instructions = await meanOf(server, work, counted);
  const skeleton = await skeletonCost(server, redis, runs);
  await work.tidy?.(ids);
  const commands = runs.reduce((sum, run) => sum + run.commands.length, 0) / SAMPLES;
  return { name: subject.name, instructions, skeleton, commands: Math.round(commands) };
}

/** Instructions of one call, on average. */
async function meanOf(server: CountedRedis, work: Work, ids: readonly string[]): Promise<number> {
  if (!work.before) return Math.round((await server.count(() => callEach(work, ids))) / ids.length);
  let sum = 0;
  for (const id of ids) {
    await work.before(id);
    sum += await server.count(() => callEach(work, [id]));
  }
  return Math.round(sum / ids.length);
}

async function skeletonCost(server: CountedRedis, redis: Redis, runs: readonly ScriptRun[]): Promise<number> {
  let sum = 0;
  for (const run of runs) {
    const sha = String(await redis.script("LOAD", skeletonOf(run)));
    const call = () => redis.call("EVALSHA", sha, ...run.args);
    await call();
    sum += await meanOf(server, { name: "skeleton", call }, freshIds(CALLS));
  }
  return Math.round(sum / SAMPLES);
}

/** Makes the calls, one at a time, without what makes each of them ready. */
async function callEach({ name, call, did }: Omit<Work, "before">, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const answer = await call(id);
    if (did && !did(answer)) throw new Error(`${name}: unexpected answer ${JSON.stringify(answer)}`);
  }
}
