/** Accounts on Redis and in memory answer alike, step by step, and hold the same texts; the sums are those of the flows, exactly. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Config, MemoryAccounts, StateError, StateManager } from "../../src/index.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { Clock, NOON, SECOND } from "../contract/clock.js";
import { startRedis } from "../servers/redis.js";
import { AccountServer } from "./server.js";
import { makeStep } from "./story.js";

const test = suite("accounts, alike");
const redis = await startRedis();

test.after(() => redis.stop());

const STORIES = Number(process.env.RUNS ?? 12);
const STEPS = 120;
const FLOWS = 3;
/** Fields that say who made an account and when, or by whose clock. */
const MADE = ["epoch", "schema", "clock", "created_at"];

/** An answer that can be compared; of a refusal its words. */
async function answerOf(act: Promise<unknown>): Promise<unknown> {
  try {
    return JSON.parse(JSON.stringify((await act) ?? null));
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return `${error.code} ${error.message}`;
  }
}

for (let story = 0; story < STORIES; story++) {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9)) + story;

  test(`story ${story}, seed ${seed}`, async () => {
    const random = seededRandom(seed, 0);
    const clock = new Clock(NOON);
    const accounts = [`one-${seed}`, `two-${seed}`];
    const shared = new MemoryAccounts();
    using server = new AccountServer(redis.url);
    const limits = {
      max_daily_loss: 40,
      max_drawdown: 0.2,
      max_open_positions: 6,
      max_positions_per_pair: 4,
      max_exposure: 9e6,
    };
    const open = (flow: number, of: Pick<Config, "backend" | "redis">) => {
      const account = {
        name: accounts[flow % 2] ?? "",
        currency: "USDT",
        starting_equity: 1_000.5,
        breaker_duration: "1m",
        ...limits,
      } as const;
      const options = { clock: clock.read, instanceId: `bot-${flow}`, accounts: shared };
      return StateManager.open(`flow-${seed}-${flow}`, { ...of, account, risk: { max_open_positions: 4 } }, options);
    };
    const flows = Array.from({ length: FLOWS }, (_, flow) => flow);
    const pairs = [];
    for (const flow of flows) {
      pairs.push({
        stored: await open(flow, { backend: "redis", redis: { url: redis.url } }),
        memory: await open(flow, { backend: "memory" }),
      });
    }
    const ids = pairs.map(({ stored }) => stored.flowId);
    const told: string[] = [];
    for (let n = 0; n < STEPS; n++) {
      const { flow, what, act } = makeStep(random, n, FLOWS, accounts);
      told.push(`${n}: flow ${flow}: ${what}`);
      const pair = pairs[flow];
      if (!pair) throw new Error(what);
      const [onRedis, inMemory] = [await answerOf(act(pair.stored)), await answerOf(act(pair.memory))];
      const where = `seed ${seed}, ${told.slice(-3).join("; ")}`;
      assert.equal(onRedis, inMemory, where);
      const [status, other] = [await pair.stored.getAccount(), await pair.memory.getAccount()];
      assert.equal(status, other, where);
      for (const account of accounts) assert.equal(await server.differences(account, ids), [], where);
      clock.now += Math.floor(random() * 40) * SECOND;
      // A day passes now and then.
      if (random() < 0.02) clock.now += 12 * 3_600 * SECOND;
    }
    for (const account of accounts) {
      const found = await server.fields(account);
      const kept = new Map([...shared.of(account).fields.entries()].sort());
      for (const field of MADE) for (const fields of [found, kept]) fields.delete(field);
      assert.equal(Object.fromEntries(found), Object.fromEntries(kept), `seed ${seed}: ${account}`);
    }
    for (const { stored, memory } of pairs) {
      await stored.close();
      await memory.close();
    }
  });
}

test.run();
