import { UnknownOutcomeError } from "../../src/errors.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { LoggedEvent } from "./record.js";

/** An operation under test, as a series of calls that are told apart by what they do and by what they are answered. */
export interface Subject {
  readonly name: string;
  /** What has to be there before so many calls. */
  prepare(manager: StateManager, calls: number): Promise<unknown>;
  /** Makes call number `n`; resolves to its answer in a few words. */
  call(manager: StateManager, n: number): Promise<string>;
  /** Whether this is the trace of call number `n`. */
  isTrace(event: LoggedEvent, n: number): boolean;
  /** The answer that belongs to call number `n`, given its trace; every other call's is different. */
  answer(n: number, trace: LoggedEvent): string;
}

/** The instance that makes the calls; another one prepares. */
export const CALLER = "caller";

const PAIR = "BTC/USDT";

const markSignalProcessed: Subject = {
  name: "markSignalProcessed",
  prepare: (manager, calls) =>
    Promise.all(range(calls).map((n) => n % 2 === 1 && manager.markSignalProcessed(`signal-${n}`, PAIR))),
  call: (manager, n) => told(manager.markSignalProcessed(`signal-${n}`, PAIR), String),
  isTrace: ({ type, signal_id }, n) => type === "signal_processed" && signal_id === `signal-${n}`,
  answer: (_, { instance }) => `${instance === CALLER}`,
};

export const updateDailyPnl: Subject = {
  name: "updateDailyPnl",
  prepare: async () => {},
  call: (manager, n) => told(manager.updateDailyPnl(pnl(n)), ({ dailyPnl }) => `day at ${dailyPnl}`),
  isTrace: (event, n) => event.type === "pnl_booked" && event.pnl === `${pnl(n)}`,
  answer: (_, { daily_pnl }) => `day at ${daily_pnl}`,
};

export const savePosition: Subject = {
  name: "savePosition",
  prepare: async () => {},
  call: (manager, n) => told(manager.savePosition(position(n)), ({ id, version }) => `${id} version ${version}`),
  isTrace: ({ type, position: json = "{}" }, n) => type === "position_saved" && JSON.parse(json).id === position(n).id,
  answer: (n) => `${position(n).id} version 1`,
};

const closePosition: Subject = {
  name: "closePosition",
  prepare: (manager, calls) =>
    Promise.all(range(calls).map((n) => manager.savePosition({ ...position(n), id: `closing-${n}` }))),
  call: (manager, n) =>
    told(
      manager.closePosition(`closing-${n}`, { pnl: pnl(n) }),
      ({ closed, position, risk }) => `${position?.id} closed: ${closed}, day at ${risk.dailyPnl}`,
    ),
  isTrace: ({ type, id }, n) => type === "position_closed" && id === `closing-${n}`,
  answer: (n, { daily_pnl }) => `closing-${n} closed: true, day at ${daily_pnl}`,
};

const setCooldown: Subject = {
  name: "setCooldown",
  prepare: async () => {},
  call: (manager, n) =>
    told(manager.setCooldown(`PAIR-${n}`, 3_600_000 + n * 60_000), (until) => `until ${until.getTime()}`),
  isTrace: ({ type, cooldown }, n) => type === "cooldown_set" && cooldown === `PAIR-${n}`,
  answer: (_, { until }) => `until ${until}`,
};

const updatePosition: Subject = {
  name: "updatePosition",
  prepare: (manager, calls) =>
    Promise.all(range(calls).map((n) => manager.savePosition({ ...position(n), id: `updating-${n}` }))),
  call: (manager, n) =>
    told(
      manager.updatePosition(`updating-${n}`, { size: 2 }),
      ({ id, version, size }) => `${id} version ${version} size ${size}`,
    ),
  isTrace: ({ type, position: json = "{}" }, n) =>
    type === "position_updated" && JSON.parse(json).id === `updating-${n}`,
  answer: (n) => `updating-${n} version 2 size 2`,
};

const admit: Subject = {
  name: "admit",
  prepare: async () => {},
  call: (manager, n) =>
    told(
      manager.admit({ signalId: `entry-${n}`, pair: PAIR, side: "long", size: 1, price: 1, orderId: `order-${n}` }),
      (admission) => (admission.admitted ? `${admission.order.id} admitted` : admission.reason),
    ),
  isTrace: ({ type, signal_id }, n) => type === "entry_admitted" && signal_id === `entry-${n}`,
  answer: (n) => `order-${n} admitted`,
};

export const SUBJECTS: readonly Subject[] = [
  markSignalProcessed,
  updateDailyPnl,
  savePosition,
  closePosition,
  setCooldown,
  updatePosition,
  admit,
];

/** Says what a call was answered, by its `retry()` if it comes to that. */
async function told<Result>(call: Promise<Result>, say: (result: Result) => string): Promise<string> {
  try {
    return say(await call);
  } catch (error) {
    if (!(error instanceof UnknownOutcomeError)) throw error;
    throw new UnknownOutcomeError(error.message, () => told(error.retry(), say), { cause: error });
  }
}

function range(length: number): number[] {
  return Array.from({ length }, (_, n) => n);
}

function pnl(n: number): number {
  return (n + 1) / 100;
}

function position(n: number) {
  return { id: `position-${n}`, pair: PAIR, side: "long", size: 1, entryPrice: 1 } as const;
}
