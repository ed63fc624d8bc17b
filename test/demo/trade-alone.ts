import type { StateManager } from "../../src/index.js";
import { BadInputError } from "./bad-input.js";
import { Cursor } from "./cursor.js";
import { type Deed, Desk } from "./desk.js";
import type { FlowClock } from "./flow.js";
import type { KillPoint } from "./kill-point.js";
import { type Market, minuteText } from "./market.js";
import { Strategies } from "./strategies.js";
import { tradeMinute } from "./trade-minute.js";

export interface Listeners {
  /** A minute is over. */
  onMinute(index: number, time: number): void;
  onDeed(deed: Deed): void;
  onPoint(point: KillPoint): void;
  /** Asked before every minute. */
  isStopped(): boolean;
}

export interface Stretch {
  /** Minutes that an earlier run had done. */
  readonly skipped: number;
  /** Minutes that are done now, of all. */
  readonly done: number;
}

/** One bot trades a market from where its flow stands to the end, or until it is told to stop. */
export async function tradeAlone(
  manager: StateManager,
  clock: FlowClock,
  market: Market,
  { onMinute, onDeed, onPoint, isStopped }: Listeners,
): Promise<Stretch> {
  const { minutes } = market;
  const cursor = await Cursor.open(manager, clock, onPoint);
  const skipped = minutesDone(market, cursor.reached);
  clock.now = cursor.reached ?? clock.now;
  await checkPositions(manager, market);
  const desk = new Desk({
    manager,
    clock,
    settle: cursor.settle,
    tell: onDeed,
    pass: onPoint,
  });

  const strategies = new Strategies(market);
  for (const [i, minute] of minutes.entries()) {
    const proposals = strategies.next(minute);
    if (i < skipped) continue;
    if (isStopped()) return { skipped, done: i };
    clock.now = minute.time;
    await tradeMinute(desk, minute, proposals);
    onPoint("minute_over");
    await cursor.end(minute.time, i === minutes.length - 1);
    onMinute(i, minute.time);
  }
  return { skipped, done: minutes.length };
}

/** How many minutes of a market a flow has done. Throws a BadInputError when the flow was on another market. */
export function minutesDone({ name, minutes }: Market, reached: number | undefined): number {
  if (reached === undefined) return 0;
  const last = minutes.at(-1)?.time ?? 0;
  if (reached >= last) return minutes.length;
  const at = minutes.findIndex(({ time }) => time === reached);
  if (at === -1)
    throw new BadInputError(`the state stands at ${minuteText(reached)}, which is not in ${name}${START_AFRESH}`);
  return at + 1;
}

/** Throws a BadInputError when an open position was not entered on this market. */
export async function checkPositions(manager: StateManager, { name, minutes }: Market): Promise<void> {
  for (const { pair, entryTs, entryPrice } of await manager.getPositions()) {
    const entered = minutes.find(({ time }) => time === entryTs.getTime())?.candles.get(pair);
    if (entered === undefined && entryTs.getTime() > (minutes.at(-1)?.time ?? 0)) continue;
    if (entered?.close !== entryPrice) {
      const entry = `${pair} at ${minuteText(entryTs.getTime())} for ${entryPrice}`;
      throw new BadInputError(`the state holds ${entry}, which ${name} does not offer${START_AFRESH}`);
    }
  }
}

const START_AFRESH = ": another market? Start afresh with --reset, or elsewhere with --state DIR";
