import { StateManager } from "../../src/index.js";
import { onStderr, ProgressBar } from "../../src/words/progress-bar.js";
import { eventsOf } from "../../sync/demo/flow-log.js";
import { type Market, marketText } from "../../sync/demo/market.js";
import type { ActionType } from "../../sync/demo/recover-flow.js";
import type { Run } from "../../sync/demo/run.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import type { Store } from "../../sync/demo/store.js";
import { stateTotals, type Totals, totalsOf } from "../../sync/demo/totals.js";
import { PaperExchange, planRecovery } from "../../sync/index.js";
import { bundle } from "../bundle.js";
import { accountOf } from "./account.js";
import { agreement, type BothSides, type Check, sameRun } from "./agreement.js";
import { Lives } from "./lives.js";
import type { Options } from "./options.js";
import { openOwnStore } from "./own-store.js";
import { undisturbed } from "./undisturbed.js";

/** About so many of a life's steps are its recovery's. */
const RECOVERY_STEPS = 20;
/** A bot is killed less than so many ms after a step of its, a third of them at once: in 2 ms it may trade an hour. */
const DELAY = 3;
/** How much of the market is meant to be traded by bots that are killed; the last one trades the rest. */
const BY_KILLED = 0.9;

/** Where the kills fell, by what the bot was last heard to do. */
export type Deaths = Readonly<Record<string, number>>;

/** How many recoveries were carried to their end, how many of them had something to do, and what, how often. */
export interface Recoveries {
  count: number;
  busy: number;
  readonly did: Partial<Record<ActionType, number>>;
}

export interface ChaosRun extends Run {
  readonly kills: number;
  readonly seed: number;
  readonly deaths: Deaths;
  readonly recoveries: Readonly<Recoveries>;
  readonly proof: readonly Check[];
}

/**
 * One bot on one flow, killed again and again from outside, from its first look at the exchange on; the one after the last kill
 * trades on to the end. Then state and exchange are compared with each other, and with a run in memory that nobody disturbed.
 */
export async function runChaos(
  options: Options,
  flow: string,
  market: Market,
  isStopped: () => boolean,
): Promise<ChaosRun> {
  const started = performance.now();
  const reference = await undisturbed(market);
  await using store = await openOwnStore({ ...options, reset: true }, flow);
  const deaths: Record<string, number> = {};
  const recoveries: Recoveries = { count: 0, busy: 0, did: {} };
  const { last, kills } = await killed(options, flow, store, reference.steps, isStopped, { deaths, recoveries });
  const all = market.minutes.length;
  const run = {
    flow,
    where: store.where,
    advice: "It is left there to be looked at; the next --chaos starts afresh.",
    market: marketText(market),
    remarks: market.remarks,
    minutes: { all, before: 0, now: last ? all : 0 },
    finished: last,
    kills,
    seed: options.chaosSeed,
    deaths,
    recoveries,
  };
  const sides = await bothSides(flow, store, market);
  return {
    ...run,
    totals: sides.totals,
    proof: last ? [...agreement(sides), ...sameRun({ killed: sides, undisturbed: reference })] : [],
    seconds: (performance.now() - started) / 1000,
  };
}

/** Lets the bot live and die; answers how often it died, and whether the one after that traded to the end. */
async function killed(
  options: Options,
  flow: string,
  { url }: Store,
  steps: number,
  isStopped: () => boolean,
  { deaths, recoveries }: { readonly deaths: Record<string, number>; readonly recoveries: Recoveries },
): Promise<{ kills: number; last: boolean }> {
  const random = seededRandom(options.chaosSeed, 0);
  const progress = new ProgressBar(onStderr(), { tenthsAfter: 0 });
  const order = { ...options, verbose: false, reset: false, ...(url !== undefined && { url }) };
  const program = await bundle(new URL("chaos-bot.ts", import.meta.url));
  using lives = new Lives(program, { flow, options: order }, ({ recovered, table }) => {
    recoveries.count++;
    if (recovered.length > 0) recoveries.busy++;
    for (const type of recovered) recoveries.did[type] = (recoveries.did[type] ?? 0) + 1;
    if (options.verbose && table !== undefined) progress.line(table);
  });
  const most = 2 * ((steps * BY_KILLED) / options.chaos + RECOVERY_STEPS);
  let kills = 0;
  let isOver = false;
  while (kills < options.chaos && !isStopped()) {
    // When the market is over, a life is no more than a recovery.
    const within = isOver ? RECOVERY_STEPS / 2 : most;
    const life = await lives.live({ steps: 1 + Math.floor(random() * within), after: Math.floor(random() * DELAY) });
    isOver ||= !life.killed;
    if (!life.killed) continue;
    kills++;
    const where = life.recovering ? "recovering" : (life.at ?? "starting");
    deaths[where] = (deaths[where] ?? 0) + 1;
    progress.at(kills, options.chaos, `${kills} kills, the last one at ${where}`);
  }
  progress[Symbol.dispose]();
  if (isStopped()) return { kills, last: false };
  const life = await lives.live(undefined);
  return { kills, last: !life.killed };
}

async function bothSides(
  flow: string,
  { config, exchangeFile: file }: Store,
  market: Market,
): Promise<BothSides & { totals: Totals }> {
  if (file === undefined) throw new Error("chaos needs an exchange in a file");
  let now = market.minutes[0]?.time ?? 0;
  const clock = () => now;
  await using exchange = new PaperExchange({ file, clock });
  now = exchange.time?.getTime() ?? now;
  await using manager = await StateManager.open(flow, config, { clock, existing: true });
  const events = await eventsOf(manager);
  return {
    events,
    totals: totalsOf(await stateTotals(manager), events),
    account: await accountOf(exchange, market),
    plan: await planRecovery(manager, exchange, { mode: "sync", confirmDelay: 1, settle: 0 }),
  };
}
