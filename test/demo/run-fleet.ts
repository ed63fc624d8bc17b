import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Snapshot, type StateEvent, StateManager } from "../../src/index.js";
import { onStderr, ProgressBar } from "../../src/words/progress-bar.js";
import { announceTrips } from "../../sync/demo/announce-trips.js";
import { Feed } from "../../sync/demo/feed.js";
import { ACCOUNT, type FlowClock } from "../../sync/demo/flow.js";
import { eventsOf } from "../../sync/demo/flow-log.js";
import { type Market, marketText, minuteText } from "../../sync/demo/market.js";
import { Pulse } from "../../sync/demo/pulse.js";
import { printRecovery } from "../../sync/demo/recover-flow.js";
import type { Run } from "../../sync/demo/run.js";
import type { Store } from "../../sync/demo/store.js";
import { Strategies } from "../../sync/demo/strategies.js";
import { stateTotals, type Totals, totalsOf } from "../../sync/demo/totals.js";
import { type Stretch, takeUp } from "../../sync/demo/trade-alone.js";
import { PaperExchange, type Plan, planRecovery, servePaperExchange } from "../../sync/index.js";
import { bundle } from "../bundle.js";
import { type Account, accountOf } from "./account.js";
import { agreement, type Check } from "./agreement.js";
import { BotReport, type ReportLine } from "./bot-report.js";
import { Fleet } from "./fleet.js";
import { Hitman } from "./hitman.js";
import type { Options } from "./options.js";
import { openOwnStore } from "./own-store.js";
import { prove } from "./prove.js";
import { undisturbed } from "./undisturbed.js";

/** The name under which the conductor writes. */
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
 * Many bots race on one flow and one account. All see all candles and propose on all pairs; the state decides who wins a signal and
 * whose report of a fill counts.
 *
 * The conductor has the paper exchange and serves it to all bots, and recovers the flow before they start. It keeps them in step: nobody
 * enters a minute before all have left the one before. So all of them have one clock (the candle's), and cooldowns, days and
 * breaker mean the same to all. It also makes a killed bot's minute wait for it, so that what it left undone is done before it
 * matters. Minutes in which nobody has anything to do, without a signal and without a fill, are not called out: one in ten is.
 */
export async function runFleet(
  options: Options,
  flow: string,
  market: Market,
  isStopped: () => boolean,
): Promise<FleetRun> {
  const started = performance.now();
  await using store = await openOwnStore(options, flow);
  const reportsFolder = join(options.state, flow);
  if (options.reset) await rm(reportsFolder, { recursive: true, force: true });

  const { skipped, done, totals, snapshot, ...sides } = await conduct(
    options,
    flow,
    market,
    store,
    reportsFolder,
    isStopped,
  );
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
    proof: finished
      ? [
          ...prove({
            reports,
            events: sides.events,
            recoverer: CONDUCTOR,
            snapshot,
            totals,
            alone: (await undisturbed(market)).totals,
          }),
          ...agreement({ totals, ...sides }),
        ]
      : [],
    seconds: (performance.now() - started) / 1000,
  };
}

interface Conducted extends Stretch {
  readonly totals: Totals;
  readonly snapshot: Snapshot;
  readonly events: readonly StateEvent[];
  readonly account: Account;
  readonly plan: Plan;
}

/** Has the bots trade from where the flow stands to the end of the market, or until it is told to stop. */
async function conduct(
  options: Options,
  flow: string,
  market: Market,
  { config, url, exchangeFile: file }: Store,
  reports: string,
  isStopped: () => boolean,
): Promise<Conducted> {
  if (url === undefined || file === undefined) throw new Error("a fleet needs Redis");
  const { minutes } = market;
  const clock: FlowClock = { now: minutes[0]?.time ?? 0 };
  await using exchange = new PaperExchange({ ...ACCOUNT, clock: () => clock.now, file });
  await using manager = await StateManager.open(flow, config, { clock: () => clock.now, instanceId: CONDUCTOR });
  const pass = () => {};
  const feed = new Feed(exchange, clock, pass);
  const { stands, skipped } = await takeUp({ manager, feed, clock, market }, options, printRecovery, pass);
  let done = skipped;
  if (done < minutes.length) {
    const progress = new ProgressBar(onStderr(), { tenthsAfter: done / minutes.length });
    const names = Array.from({ length: options.bots }, (_, i) => `bot-${i + 1}`);
    const program = await bundle(new URL("fleet-bot.ts", import.meta.url));
    // Not beside the state: the path of a socket has to be short.
    const folder = await mkdtemp(join(tmpdir(), "sf-demo-"));
    await using server = await servePaperExchange(exchange, { path: join(folder, "exchange.sock") });
    const fleet = new Fleet(program, { flow, url, names, reports, exchange: server.path, market: options }, (name) => {
      if (options.verbose) progress.line(`${minuteText(clock.now)}  ${name} was killed, and starts again`);
    });
    const signals = minutesWithSignals(market, done);
    const hitman = new Hitman(options.kill, [...signals]);
    const pulse = new Pulse(manager, feed, pass);
    const trading = new AbortController();
    const announcing = announceTrips(manager, trading.signal, (line) => {
      if (options.verbose) progress.line(line);
    });
    try {
      for (; done < minutes.length && !isStopped(); done++) {
        const minute = minutes[done];
        if (!minute) break;
        if (done > stands) feed.walk(minute);
        if (feed.traded || signals.has(done)) {
          await feed.settle();
          await Promise.all([fleet.trade(done), hitman.visit(done, fleet.bots)]);
        }
        await pulse.beat(minute.time, done === minutes.length - 1);
        progress.at(
          done + 1,
          minutes.length,
          `${minuteText(minute.time)}  ${names.length} bots, ${hitman.kills} killed`,
        );
      }
      await fleet.finish();
    } finally {
      trading.abort();
      await announcing;
      progress[Symbol.dispose]();
      fleet.end();
      await server.close();
      await rm(folder, { recursive: true });
    }
  }
  const events = await eventsOf(manager);
  return {
    skipped,
    done,
    events,
    totals: totalsOf(await stateTotals(manager), events),
    snapshot: await manager.snapshot(),
    account: await accountOf(exchange, market),
    plan: await planRecovery(manager, exchange, { mode: "sync", confirmDelay: 1, settle: 0 }),
  };
}

/** The minutes from an index on in which a strategy proposes something. */
function minutesWithSignals(market: Market, from: number): ReadonlySet<number> {
  const strategies = new Strategies(market);
  const proposing = market.minutes.flatMap((minute, i) => (strategies.next(minute).length > 0 ? [i] : []));
  return new Set(proposing.filter((index) => index >= from));
}

function countOf(did: ReportLine["did"], lines: readonly ReportLine[]): number {
  return lines.filter((line) => line.did === did).length;
}
