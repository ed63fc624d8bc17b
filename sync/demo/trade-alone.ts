import type { StateManager } from "../../src/index.js";
import type { RecoveryReport } from "../index.js";
import { BadInputError } from "./bad-input.js";
import { type Deed, Desk } from "./desk.js";
import { type Feed, START_AFRESH } from "./feed.js";
import type { FlowClock } from "./flow.js";
import type { KillPoint } from "./kill-point.js";
import { type Market, minuteText } from "./market.js";
import { mortalExchange } from "./mortal-exchange.js";
import { Pulse } from "./pulse.js";
import { type RecoverySetup, recoverFlow } from "./recover-flow.js";
import { Strategies } from "./strategies.js";
import { tradeMinute } from "./trade-minute.js";

export interface Listeners {
  onRecovery(report: RecoveryReport): void;
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

/** What a bot works with. */
export interface Workplace {
  readonly manager: StateManager;
  readonly feed: Feed;
  readonly clock: FlowClock;
  readonly market: Market;
}

/** One bot recovers its flow, then trades the market from there to the end, or until it is told to stop. */
export async function tradeAlone(
  workplace: Workplace,
  setup: RecoverySetup,
  { onRecovery, onMinute, onDeed, onPoint, isStopped }: Listeners,
): Promise<Stretch> {
  const { manager, feed, clock, market } = workplace;
  const exchange = mortalExchange(feed.exchange, onPoint);
  const { stands, skipped } = await takeUp(workplace, setup, onRecovery, onPoint);
  const pulse = new Pulse(manager, feed, onPoint);
  const desk = new Desk({ manager, exchange, clock, settle: feed.settle, tell: onDeed, pass: onPoint });

  const strategies = new Strategies(market);
  const { minutes } = market;
  for (const [i, minute] of minutes.entries()) {
    const proposals = strategies.next(minute);
    if (i < skipped) continue;
    if (isStopped()) return { skipped, done: i };
    if (i > stands) feed.walk(minute);
    await tradeMinute(desk, feed.traded, proposals);
    onPoint("minute_over");
    await pulse.beat(minute.time, i === minutes.length - 1);
    if (i % SETTLE_EVERY === 0) await feed.settle();
    onMinute(i, minute.time);
  }
  return { skipped, done: minutes.length };
}

/** So many minutes in which nothing happens may be told to the exchange again after a crash. */
const SETTLE_EVERY = 60;

/**
 * Takes a flow up where it stands: the exchange first, then the state by a recovery. Answers in which minute the exchange stands, and
 * how many minutes are done. Throws a BadInputError when they were on another market.
 */
export async function takeUp(
  { manager, feed, clock, market }: Workplace,
  setup: RecoverySetup,
  onRecovery: (report: RecoveryReport) => void,
  pass: (point: KillPoint) => void,
): Promise<{ stands: number; skipped: number }> {
  const isNew = feed.exchange.time === undefined;
  const stands = await feed.resume(market);
  const beaten = await standOf(manager, clock);
  const time = feed.exchange.time?.getTime() ?? 0;
  if (beaten > time) {
    throw new BadInputError(
      `the state stands at ${minuteText(beaten)}, its exchange at ${minuteText(time)}: are they of one run? Start afresh with --reset`,
    );
  }
  await checkPositions(manager, market);
  if (!isNew) onRecovery(await recoverFlow(manager, mortalExchange(feed.exchange, pass), setup, pass));
  return { stands, skipped: stands < market.minutes.length && beaten === time ? stands + 1 : stands };
}

/**
 * The minute that was done last, by the heartbeat of who does it. One that closed has signed off: then nobody is in the middle of a minute, and the
 * flow's heartbeat tells; it is listed again at once, since others of its flow give heartbeats when a minute begins.
 */
async function standOf(manager: StateManager, clock: FlowClock): Promise<number> {
  const self = (await manager.getInstances()).find(({ id }) => id === manager.instanceId);
  const beaten = (self?.lastHeartbeat ?? (await manager.getLastHeartbeat()))?.getTime();
  if (beaten === undefined) return Number.NEGATIVE_INFINITY;
  if (!self) {
    const { now } = clock;
    clock.now = beaten;
    await manager.heartbeat();
    clock.now = now;
  }
  return beaten;
}

/** Throws a BadInputError when an open position was not entered on this market. */
async function checkPositions(manager: StateManager, { name, minutes }: Market): Promise<void> {
  for (const { pair, entryTs, entryPrice } of await manager.getPositions()) {
    const entered = minutes.find(({ time }) => time === entryTs.getTime())?.candles.get(pair);
    if (entered === undefined && entryTs.getTime() > (minutes.at(-1)?.time ?? 0)) continue;
    if (entered?.close !== entryPrice) {
      const entry = `${pair} at ${minuteText(entryTs.getTime())} for ${entryPrice}`;
      throw new BadInputError(`the state holds ${entry}, which ${name} does not offer${START_AFRESH}`);
    }
  }
}
