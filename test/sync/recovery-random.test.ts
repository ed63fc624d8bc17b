/**
 * Random lives of a bot, and recoveries from them under random faults and deaths. A failure prints the seed and the shortest life
 * that shows it: SEED=n repeats it, RUNS=n lives that many.
 */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StaleStateError, type StateManager } from "../../src/index.js";
import { ExchangeError, PaperExchange, type RecoveryReport, recover } from "../../sync/index.js";
import { startBackends } from "../contract/backends.js";
import { Clock } from "../contract/clock.js";
import { LONG } from "../long.js";
import { Death, Life } from "./recovery/mortal.js";
import { RandomBot } from "./recovery/random-bot.js";
import { checkAgreement, checkBookings, checkPlainLife } from "./recovery/random-checks.js";
import { seenBy } from "./recovery/random-exchange.js";
import { type Chapter, type RandomLife, randomLives } from "./recovery/random-life.js";
import { QUICK } from "./recovery/stand.js";

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = Number(process.env.RUNS ?? 0);

/** More tries than this, with every fault met once, mean that it does not come to an end. */
const TRIES = 40;

const QUIET: Chapter = { steps: [], faults: [], deaths: [], meanwhile: [], between: [] };

const backends = await startBackends();
const test = suite("recovery from random lives");

/** Recovers until it is done, through faults and deaths. */
async function recoverAtLast(bot: RandomBot, { faults, deaths, meanwhile, between }: Chapter): Promise<RecoveryReport> {
  const { mgr, exchange, life } = bot;
  for (const { method, rule } of faults) exchange.fail(method, rule);
  let approve: string | undefined;
  const seen = seenBy(exchange, {
    nameless: life.names === "nameless",
    before: async (call) => {
      bot.clock.now += 500;
      for (const { step } of meanwhile.filter((one) => one.call === call)) await bot.take(step);
    },
  });
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const mortal = new Life(deaths[attempt] ?? Number.POSITIVE_INFINITY);
    const begun = (await mgr.getRecovery()) !== undefined;
    const tried = await recover(mortal.share(mgr), mortal.share(seen), {
      ...QUICK,
      deadline: "1ms",
      mode: life.recovery,
      orphanPositions: life.orphans,
      ...(approve !== undefined && { approve }),
    }).catch(expected);
    if (!(tried instanceof Error) && tried.status === "recovered") {
      exchange.behave();
      assert.is(await mgr.getRecovery(), undefined);
      return tried;
    }
    // Who dies at its last breath may have ended it.
    const over = tried instanceof Death && (await mgr.getRecovery()) === undefined;
    if (!over || begun) await checkRefused(mgr, over);
    approve = !(tried instanceof Error) && tried.status === "awaiting_approval" ? tried.plan.hash : undefined;
    const step = between[attempt];
    if (step) await bot.take(step);
  }
  throw new Error(`not recovered in ${TRIES} tries`);
}

function expected(error: unknown): Error {
  if (error instanceof Death || error instanceof ExchangeError || error instanceof StaleStateError) return error;
  throw error;
}

async function checkRefused(mgr: StateManager, over: boolean): Promise<void> {
  if (over) return;
  const entry = await mgr.admit({ signalId: "probe", pair: "XRP/USDT", side: "long", size: 1, price: 1 });
  assert.is(entry.admitted ? "admitted" : entry.reason, "recovering");
}

async function live(open: (clock: Clock) => Promise<StateManager>, life: RandomLife): Promise<void> {
  const clock = new Clock();
  let ticks = 0;
  await using mgr = await open(clock);
  await using exchange = new PaperExchange({
    clock: () => clock.now + ticks++,
    balance: 0,
    fees: { maker: 0.0002, taker: life.taker },
    ...{ seed: life.seed, mode: life.mode, fills: life.fills, minSize: life.minSize },
  });
  const bot = new RandomBot(life, mgr, exchange, clock);
  await bot.begin();
  for (const chapter of life.chapters) {
    for (const step of chapter.steps) await bot.take(step);
    const first = await recoverAtLast(bot, chapter);
    await checkBookings(bot);
    // What happened after it had looked, the next one finds.
    const report = chapter.meanwhile.length === 0 ? first : await recoverAtLast(bot, QUIET);
    await checkBookings(bot);
    await checkAgreement(bot, report);
    if (life.plain) await checkPlainLife(bot);

    const sent = exchange.seen;
    const quiet = seenBy(exchange, { nameless: life.names === "nameless", before: async () => {} });
    const options = { ...QUICK, mode: life.recovery, orphanPositions: life.orphans };
    const asked = await recover(mgr, quiet, options);
    // What was left there by a person's word is asked about again.
    const isLeft = asked.plan.actions.every(({ type }) => type === "leave_orphan" || type === "leave_position");
    const again =
      asked.status === "awaiting_approval" && isLeft
        ? await recover(mgr, quiet, { ...options, approve: asked.plan.hash })
        : asked;
    assert.equal([again.status, again.applied.map(({ key }) => key)], ["recovered", []]);
    assert.equal(exchange.seen, sent);
  }
}

for (const [name, runs] of [
  ["memory", RUNS || (LONG ? 220 : 80)],
  ["duckdb", RUNS || (LONG ? 30 : 10)],
  ["redis", RUNS || (LONG ? 30 : 10)],
] as const) {
  test(`on ${name}: state and exchange agree again, nothing is booked or sent twice, nothing is made up`, async () => {
    console.log(`\n  recovery from random lives on ${name}: SEED=${SEED}`);
    const open = backends.openAlike[name];
    if (!open) throw new Error(`no backend ${name}`);
    await fc.assert(
      fc.asyncProperty(randomLives, (life) =>
        live((clock) => open({}, { clock: clock.read, instanceId: "bot" }), life),
      ),
      { seed: SEED, numRuns: runs, includeErrorInReport: true },
    );
  });
}

test("the servers and files of these tests are let go", async () => {
  await backends[Symbol.asyncDispose]();
});

test.run();
