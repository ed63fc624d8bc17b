/**
 * Eight bots of three flows in two accounts race while bots are killed and connections cut: at no moment is more held than a limit of flow or
 * account allows, nothing is admitted while an account's breaker holds, and the sums are exact, at every moment and at the end.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Config, StateManager } from "../../src/index.js";
import { accountDifferences } from "../../src/state/account-sums.js";
import { pairsOf } from "../../src/words/pairs.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { bundle } from "../bundle.js";
import { startRedis } from "../servers/redis.js";
import { type Assignment, LOOK, OF_ACCOUNT, OF_FLOW, PAIRS } from "./race.js";
import { AccountServer } from "./server.js";

const test = suite("accounts, racing");
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
const BOTS = 8;
const STEPS = 120;
const KILLS = 6;
/** Each loss of so much in a day trips the breaker; then the limit goes up by as much. */
const LOSS = 1.5;

const redis = await startRedis();
const server = new AccountServer(redis.url);
const program = await bundle(new URL("racer.ts", import.meta.url));

test.after(async () => {
  server[Symbol.dispose]();
  await redis.stop();
});

const ACCOUNTS = ["one", "two"] as const;
const FLOWS = [
  { flowId: "a", account: "one" },
  { flowId: "b", account: "one" },
  { flowId: "c", account: "two" },
] as const;

function configOf(account: string): Config {
  return {
    backend: "redis",
    redis: { url: redis.url, command_timeout: "10s" },
    risk: OF_FLOW,
    account: {
      name: account,
      currency: "USDT",
      starting_equity: 1_000,
      breaker_duration: "until_reset",
      ...OF_ACCOUNT,
    },
  };
}

type Fields = ReadonlyMap<string, string>;

/** An account and its flows, at one moment. */
async function look(account: string): Promise<{ account: Fields; flows: Map<string, Fields> }> {
  const ids = FLOWS.filter((flow) => flow.account === account).map(({ flowId }) => flowId);
  const keys = [`sf:@${account}:risk`, ...ids.map((flowId) => `sf:${flowId}:risk:exposure`)];
  const found: unknown = await server.client.eval(LOOK, keys.length, ...keys);
  const hashes = (Array.isArray(found) ? found : []).map((flat) => new Map(pairsOf(flat)));
  const flows = new Map(ids.map((flowId, at) => [flowId, hashes[at + 1] ?? new Map()]));
  return { account: hashes[0] ?? new Map(), flows };
}

/** What is held above a limit, or counted wrongly. */
function wrongs({ account, flows }: Awaited<ReturnType<typeof look>>): string[] {
  const found = accountDifferences(account, flows);
  const most = (what: string, held: string | undefined, limit: number) => {
    if (Number(held ?? 0) > limit) found.push(`${what}: ${held} of ${limit}`);
  };
  most("slots of the account", account.get("slots"), OF_ACCOUNT.max_open_positions);
  most("exposure of the account", account.get("notional"), OF_ACCOUNT.max_exposure);
  for (const pair of PAIRS) most(`slots of ${pair}`, account.get(`slots:${pair}`), OF_ACCOUNT.max_positions_per_pair);
  for (const [flowId, exposure] of flows) {
    most(`slots of ${flowId}`, exposure.get("slots"), OF_FLOW.max_open_positions);
    most(`exposure of ${flowId}`, exposure.get("notional"), OF_FLOW.max_exposure);
    for (const pair of PAIRS) {
      const slots = Number(exposure.get(`long:${pair}`) ?? 0) + Number(exposure.get(`short:${pair}`) ?? 0);
      most(`slots of ${flowId} on ${pair}`, String(slots), OF_FLOW.max_positions_per_pair);
    }
  }
  const limit = Number(account.get("max_daily_loss"));
  const isDue = Number(account.get("daily_pnl")) <= -limit;
  if (isDue && !account.has("breaker_reason")) found.push(`a loss of ${account.get("daily_pnl")} tripped nothing`);
  return found;
}

test(`eight bots of three flows stay within the limits of flows and accounts, seed ${seed}`, async () => {
  const random = seededRandom(seed, 0);
  const operators = [];
  for (const { flowId, account } of FLOWS) operators.push(await StateManager.open(flowId, configOf(account)));
  const limits = new Map<string, number>(ACCOUNTS.map((account) => [account, LOSS]));
  for (const [at, { account }] of FLOWS.entries()) {
    await operators[at]?.setAccountLimits({ max_daily_loss: limits.get(account) ?? 0 });
  }

  const answers = new Map<string, number>();
  let [running, started, told] = [0, 0, 0];
  const bots: (ChildProcess | undefined)[] = [];
  const exits: Promise<unknown>[] = [];
  const failures: string[] = [];
  const start = (at: number) => {
    const { flowId, account } = FLOWS[at % FLOWS.length] ?? FLOWS[0];
    const assignment: Assignment = { flowId, config: configOf(account), seed: seed + started++, steps: STEPS };
    const bot = fork(program, [JSON.stringify(assignment)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: [],
    });
    let errors = "";
    bot.stderr?.on("data", (data) => {
      errors += String(data);
    });
    bot.on("message", (answer) => {
      told++;
      answers.set(String(answer), (answers.get(String(answer)) ?? 0) + 1);
    });
    running++;
    bots[at] = bot;
    exits.push(
      once(bot, "exit").then(([code, signal]) => {
        running--;
        if (code !== 0 && signal !== "SIGKILL") failures.push(`a bot of ${flowId} ended with ${code}: ${errors}`);
      }),
    );
  };
  for (let at = 0; at < BOTS; at++) start(at);

  let [kills, cuts, trips, looks] = [0, 0, 0, 0];
  const expected = BOTS * STEPS;
  while (running > 0) {
    for (const account of ACCOUNTS) {
      const moment = await look(account);
      assert.equal(wrongs(moment), [], `seed ${seed}, ${account}, after ${told} answers`);
      looks++;
      if (!moment.account.has("breaker_reason")) continue;
      // The operator lets it go on, at a limit that is not reached.
      const operator = operators[FLOWS.findIndex((flow) => flow.account === account)];
      const loss = -Number(moment.account.get("daily_pnl")) + LOSS;
      await operator?.setAccountLimits({ max_daily_loss: Math.round(loss * 100) / 100 });
      await operator?.resetAccountBreaker("on with it");
      trips++;
    }
    if (kills < KILLS && told > ((kills + 1) * expected) / (KILLS + 2)) {
      const at = Math.floor(random() * BOTS);
      bots[at]?.kill("SIGKILL");
      kills++;
      start(at);
    }
    if (told > ((cuts + 1) * expected) / 10) {
      cuts++;
      await server.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    }
  }
  await Promise.all(exits);
  assert.equal(failures, []);
  for (const account of ACCOUNTS) assert.equal(wrongs(await look(account)), [], `seed ${seed}: ${account}`);
  const counts = JSON.stringify([...answers].sort());
  assert.ok(kills === KILLS && cuts >= 3 && looks > 100, `${kills} kills, ${cuts} cuts, ${looks} looks`);
  assert.ok((answers.get("admitted") ?? 0) > 50, counts);
  for (const reason of ["account_max_open_positions", "account_max_exposure", "max_open_positions"]) {
    assert.ok((answers.get(reason) ?? 0) > 0, `${reason}: ${counts}`);
  }
  assert.ok(trips > 2, `${trips} trips`);

  // No entry was admitted while the account's breaker held; ids are the server's time, and what shares a ms with a change may be before it.
  for (const account of ACCOUNTS) {
    const log = await server.client.xrange(`sf:@${account}:events`, "-", "+");
    const spans: [number, number][] = [];
    let since: number | undefined;
    for (const [id, fields] of log) {
      const ms = Number(id.split("-")[0]);
      if (fields.includes("account_breaker_tripped")) since ??= ms;
      if (fields.includes("account_breaker_reset") && since !== undefined) {
        spans.push([since, ms]);
        since = undefined;
      }
    }
    if (since !== undefined) spans.push([since, Number.POSITIVE_INFINITY]);
    assert.ok(spans.length > 0, account);
    for (const { flowId } of FLOWS.filter((flow) => flow.account === account)) {
      for (const [id, fields] of await server.client.xrange(`sf:${flowId}:events:log`, "-", "+")) {
        if (!fields.includes("entry_admitted")) continue;
        const ms = Number(id.split("-")[0]);
        const inside = spans.find(([from, to]) => from < ms && ms < to);
        assert.is(inside, undefined, `${flowId} ${id} was admitted while the breaker of ${account} held, ${inside}`);
      }
    }
  }
  for (const operator of operators) await operator.close();
});

test.run();
