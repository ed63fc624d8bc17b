import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Snapshot, StateManager } from "../../src/index.js";
import { Agenda } from "./agenda.js";
import { announceTrips } from "./announce-trips.js";
import { BotReport, type ReportLine } from "./bot-report.js";
import { Cursor } from "./cursor.js";
import { Fleet } from "./fleet.js";
import type { FlowClock } from "./flow.js";
import { tradesOf } from "./flow-log.js";
import { Hitman } from "./hitman.js";
import { type Market, marketText, minuteText } from "./market.js";
import type { Options } from "./options.js";
import { Progress } from "./progress.js";
import { type Check, prove } from "./prove.js";
import type { Run } from "./run.js";
import { openStore, type Store } from "./store.js";
import { type StateTotals, stateTotals, totalsOf } from "./totals.js";
import { totalsInMemory } from "./totals-in-memory.js";
import { checkPositions, minutesDone, type Stretch } from "./trade-alone.js";

/** The name under which the conductor keeps the fleet's cursor. */
const CONDUCTOR = "conductor";

export interface FleetRun extends Run {
  /** What each process did, by its own account. */
  readonly bots: readonly {
    readonly name: string;
    readonly won: number;
    readonly closed: number;
    readonly deaths: number;
  }[];
  /** Empty until the market is over. */
  readonly proof: readonly Check[];
}

/**
 * Many bots race on one flow. All see all candles and propose on all pairs; the state decides who wins a signal and who closes a
 * position.
 *
 * The conductor keeps them in step: nobody enters a minute before all have left the one before. So all of them have one clock (the
 * candle's), and cooldowns, days and breaker mean the same to all. It also makes a killed bot's minute wait for it, so that what
 * it left undone is done before it matters. Minutes in which nobody has anything to do are not called out: one in ten is.
 */
export async function runFleet(
  options: Options,
  flow: string,
  market: Market,
  isStopped: () => boolean,
): Promise<FleetRun> {
  const started = performance.now();
  await using store = await openStore(options, flow);
  const reportsFolder = join(options.state, flow);
  if (options.reset) await rm(reportsFolder, { recursive: true, force: true });

  const { skipped, done, state, snapshot } = await conduct(options, flow, market, store, reportsFolder, isStopped);
  const events = (await store.events?.()) ?? [];
  const totals = totalsOf(state, tradesOf(events));
  const reports = BotReport.readAll(reportsFolder);
  const all = market.minutes.length;
  const finished = done === all;
  return {
    flow,
    where: store.where,
    advice: store.advice,
    market: marketText(market),
    remarks: market.remarks,
    minutes: { all, before: skipped, now: done - skipped },
    finished,
    totals,
    bots: Array.from(reports, ([name, lines]) => ({
      name,
      won: countOf("won", lines),
      closed: countOf("closed", lines),
      deaths: countOf("started", lines) - countOf("finished", lines),
    })),
    proof: finished ? prove({ reports, events, snapshot, totals, alone: await totalsInMemory(market) }) : [],
    seconds: (performance.now() - started) / 1000,
  };
}

/** Has the bots trade from where the flow stands to the end of the market, or until it is told to stop. */
async function conduct(
  options: Options,
  flow: string,
  market: Market,
  { config, url }: Store,
  reports: string,
  isStopped: () => boolean,
): Promise<Stretch & { state: StateTotals; snapshot: Snapshot }> {
  if (url === undefined) throw new Error("a fleet needs Redis");
  const { minutes } = market;
  const clock: FlowClock = { now: minutes[0]?.time ?? 0 };
  await using manager = await StateManager.open(flow, config, { clock: () => clock.now, instanceId: CONDUCTOR });
  const cursor = await Cursor.open(manager, clock, () => {});
  clock.now = cursor.reached ?? clock.now;
  await checkPositions(manager, market);

  const skipped = minutesDone(market, cursor.reached);
  let done = skipped;
  if (done < minutes.length) {
    const progress = new Progress(minutes.length, done);
    const names = Array.from({ length: options.bots }, (_, i) => `bot-${i + 1}`);
    const fleet = new Fleet({ flow, url, names, reports, market: options }, (name) => {
      if (options.verbose) progress.line(`${minuteText(clock.now)}  ${name} was killed, and starts again`);
    });
    const agenda = new Agenda(market);
    const hitman = new Hitman(options.kill, agenda.signals(done));
    const trading = new AbortController();
    const announcing = announceTrips(manager, trading.signal, (line) => {
      if (options.verbose) progress.line(line);
    });
    try {
      while (!isStopped()) {
        const next = agenda.next(done, await manager.getPositions());
        const before = minutes[next - 1];
        if (before) await cursor.end(before.time, next === minutes.length);
        done = next;
        progress.at(done, `${minuteText(before?.time ?? clock.now)}  ${names.length} bots, ${hitman.kills} killed`);
        if (done === minutes.length) break;
        clock.now = minutes[done]?.time ?? 0;
        await cursor.settle();
        await Promise.all([fleet.trade(done), hitman.visit(done, fleet.bots)]);
        done++;
      }
      await fleet.finish();
    } finally {
      trading.abort();
      await announcing;
      progress.end();
      fleet.end();
    }
  }
  return { skipped, done, state: await stateTotals(manager), snapshot: await manager.snapshot() };
}

function countOf(did: ReportLine["did"], lines: readonly ReportLine[]): number {
  return lines.filter((line) => line.did === did).length;
}
