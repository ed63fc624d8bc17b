import { StateManager } from "../../src/index.js";
import { announceTrips } from "./announce-trips.js";
import { deedLine } from "./deed-line.js";
import { bookedTrade, type Deed } from "./desk.js";
import type { FlowClock } from "./flow.js";
import { type BookedTrade, tradesOf } from "./flow-log.js";
import { killSwitch } from "./kill-point.js";
import { type Market, marketText, minuteText } from "./market.js";
import type { Options } from "./options.js";
import { Progress } from "./progress.js";
import type { Run } from "./run.js";
import { openStore } from "./store.js";
import { type StateTotals, stateTotals, totalsOf } from "./totals.js";
import { type Stretch, tradeAlone } from "./trade-alone.js";

/** The name under which the one bot writes. */
const INSTANCE = "bot";

export interface AloneRun extends Run {
  /** Proposals of this run by what became of them. */
  readonly signals: Readonly<Record<string, number>>;
}

/** One bot on one flow, from where it stands to the end of the market, or until it is told to stop. */
export async function runAlone(
  options: Options,
  flow: string,
  market: Market,
  isStopped: () => boolean,
): Promise<AloneRun> {
  const started = performance.now();
  await using store = await openStore(options, flow);
  const watch = new Watch(options, market.minutes.length);
  const { skipped, done, state } = await trade();
  const booked = store.events ? tradesOf(await store.events()) : watch.booked;
  const all = market.minutes.length;
  return {
    flow,
    where: store.where,
    advice: store.advice,
    market: marketText(market),
    remarks: market.remarks,
    minutes: { all, before: skipped, now: done - skipped },
    finished: done === all,
    totals: totalsOf(state, booked),
    signals: watch.signals,
    seconds: (performance.now() - started) / 1000,
  };

  async function trade(): Promise<Stretch & { state: StateTotals }> {
    const clock: FlowClock = { now: market.minutes[0]?.time ?? 0 };
    const manager = await StateManager.open(flow, store.config, { clock: () => clock.now, instanceId: INSTANCE });
    const trading = new AbortController();
    const announcing = announceTrips(manager, trading.signal, watch.onTrip);
    try {
      const stretch = await tradeAlone(manager, clock, market, {
        onDeed: watch.onDeed,
        onMinute: watch.onMinute,
        onPoint: killSwitch(INSTANCE),
        isStopped,
      });
      return { ...stretch, state: await stateTotals(manager) };
    } finally {
      trading.abort();
      await announcing;
      watch.end();
      await manager.close();
    }
  }
}

/** Looks on while a bot trades: counts, shows progress, keeps what was booked. */
class Watch {
  readonly booked: BookedTrade[] = [];
  readonly signals: Record<string, number> = {};
  #progress: Progress | undefined;

  constructor(
    private readonly options: Pick<Options, "verbose">,
    private readonly all: number,
  ) {}

  onDeed = (deed: Deed): void => {
    if (deed.did === "closed") {
      this.booked.push(bookedTrade(deed, INSTANCE));
    } else if (deed.did !== "won") {
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
    this.#progress ??= new Progress(this.all, index);
    this.#progress.at(index + 1, `${minuteText(time)}  ${this.booked.length} trades`);
  };

  end(): void {
    this.#progress?.end();
  }
}
