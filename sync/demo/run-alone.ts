import { StateManager } from "../../src/index.js";
import { onStderr, ProgressBar } from "../../src/words/progress-bar.js";
import { PaperExchange, type PlanRow, planRows, type RecoveryReport } from "../index.js";
import { announceTrips } from "./announce-trips.js";
import { deedLine } from "./deed-line.js";
import type { Deed } from "./desk.js";
import { Feed } from "./feed.js";
import { ACCOUNT, type FlowClock } from "./flow.js";
import { eventsOf } from "./flow-log.js";
import type { KillPoint } from "./kill-point.js";
import { type Market, marketText, minuteText } from "./market.js";
import type { DemoOptions } from "./options.js";
import { printRecovery } from "./recover-flow.js";
import type { Run } from "./run.js";
import type { Store } from "./store.js";
import { stateTotals, type Totals, totalsOf } from "./totals.js";
import { type Stretch, tradeAlone } from "./trade-alone.js";

/** The name under which the one bot writes. */
export const INSTANCE = "bot";

export interface AloneRun extends Run {
  /** Proposals of this run by what became of them. */
  readonly signals: Readonly<Record<string, number>>;
  /** What the recovery at the start did. */
  readonly recovered: readonly PlanRow[];
}

/** Where and what a bot trades. */
export interface Place {
  readonly store: Store;
  readonly flow: string;
  readonly market: Market;
}

/** Told of what happens in a run. */
export interface Onlookers {
  readonly onPoint?: (point: KillPoint) => void;
  /** Default: it is printed to stderr when it did something. */
  readonly onRecovery?: (report: RecoveryReport) => void;
}

/** One bot on one flow, from where it stands to the end of the market, or until it is told to stop. */
export async function runAlone(
  { store, flow, market }: Place,
  options: DemoOptions,
  isStopped: () => boolean,
  { onPoint = () => {}, onRecovery = printRecovery }: Onlookers = {},
): Promise<AloneRun> {
  const started = performance.now();
  const watch = new Watch(options, market.minutes.length, onRecovery);
  const { skipped, done, totals } = await trade();
  const all = market.minutes.length;
  return {
    flow,
    where: store.where,
    advice: store.advice,
    market: marketText(market),
    remarks: market.remarks,
    minutes: { all, before: skipped, now: done - skipped },
    finished: done === all,
    totals,
    signals: watch.signals,
    recovered: watch.recovered,
    seconds: (performance.now() - started) / 1000,
  };

  async function trade(): Promise<Stretch & { totals: Totals }> {
    const clock: FlowClock = { now: market.minutes[0]?.time ?? 0 };
    const { config, exchangeFile: file } = store;
    await using exchange = new PaperExchange({
      ...ACCOUNT,
      clock: () => clock.now,
      ...(file !== undefined && { file }),
    });
    const manager = await StateManager.open(flow, config, { clock: () => clock.now, instanceId: INSTANCE });
    const trading = new AbortController();
    const announcing = announceTrips(manager, trading.signal, watch.onTrip);
    try {
      const feed = new Feed(exchange, clock, onPoint);
      const stretch = await tradeAlone({ manager, feed, clock, market }, options, {
        onRecovery: watch.onRecovery,
        onDeed: watch.onDeed,
        onMinute: watch.onMinute,
        onPoint,
        isStopped,
      });
      return { ...stretch, totals: totalsOf(await stateTotals(manager), await eventsOf(manager)) };
    } finally {
      trading.abort();
      await announcing;
      watch.end();
      await manager.close();
    }
  }
}

/** Looks on while a bot trades: counts, and shows progress. */
class Watch {
  readonly signals: Record<string, number> = {};
  recovered: readonly PlanRow[] = [];
  #trades = 0;
  #progress: ProgressBar | undefined;

  constructor(
    private readonly options: Pick<DemoOptions, "verbose">,
    private readonly all: number,
    private readonly tell: (report: RecoveryReport) => void,
  ) {}

  onRecovery = (report: RecoveryReport): void => {
    this.recovered = planRows({ actions: report.applied });
    this.tell(report);
  };

  onDeed = (deed: Deed): void => {
    if (deed.did === "closed") this.#trades++;
    else if (deed.did !== "won") {
      const outcome = deed.did === "refused" ? deed.reason : deed.did;
      this.signals[outcome] = (this.signals[outcome] ?? 0) + 1;
    }
    const line = this.options.verbose ? deedLine(deed) : undefined;
    if (line !== undefined) this.#progress?.line(line);
  };

  onTrip = (line: string): void => {
    if (this.options.verbose) this.#progress?.line(line);
  };

  onMinute = (index: number, time: number): void => {
    this.#progress ??= new ProgressBar(onStderr(), { tenthsAfter: index / this.all });
    this.#progress.at(index + 1, this.all, `${minuteText(time)}  ${this.#trades} trades`);
  };

  end(): void {
    this.#progress?.[Symbol.dispose]();
  }
}
