import type { Config } from "../../src/config/schema.js";
import type { AdmissionRequest, Metadata, PositionSide } from "../../src/types.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";

/** What the workers do follows from these numbers; which of them does it, from who is faster. */
export interface AdmissionPlan {
  readonly seed: number;
  readonly workers: number;
  /** Each is offered to every worker. */
  readonly signals: number;
  /** When the market's clock began, ms. */
  readonly beganAt: number;
}

/** The limits that stay as they are; the operator moves `max_daily_loss`. */
export const LIMITS = {
  max_open_positions: 14,
  max_positions_per_pair: 4,
  max_exposure: 10_000,
  max_consecutive_losses: 7,
} as const;

export const FIRST_DAILY_LOSS = 150;

/** ms */
export const BREAKER_DURATION = 100;

/** Sizes are whole numbers of lots of 1e-5, prices of ticks of 1e-4. */
export const LOT_PLACES = 5;
export const TICK_PLACES = 4;

const PAIRS = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "ADA/USDT"];

/**
 * The first signals are offered in rushes, one after the other, and nothing is closed before the last of them is over. So every limit is
 * reached and refuses somebody, whoever is faster: after an entry of each worker's own there are four of `ADA/USDT` at most, then one
 * large entry leaves too little for another, and small ones take what slots are left.
 */
export type Rush = "own" | "pair" | "large" | "small";

const RUSHES: readonly { readonly rush: Rush; readonly signals: (workers: number) => number }[] = [
  { rush: "own", signals: (workers) => workers },
  { rush: "pair", signals: () => 8 },
  { rush: "large", signals: () => 4 },
  { rush: "small", signals: () => 8 },
];

/** An admission request whose fields are in the store as they are here. */
export interface RequestOfPlan extends AdmissionRequest {
  side: PositionSide;
  cooldown?: number;
  metadata: Metadata;
}

/** Streams of random numbers, kept apart. */
const REQUESTS = 1_000_000;
const SHUFFLES = 2_000_000;
const LANES = 3_000_000;
const OPERATOR = 4_000_000;
const FAULTS = 5_000_000;

/** The trading day began a minute ago, so that it does not end under a run; no event is forgotten. */
export function admissionConfig(url: string, commandTimeout: number, dayStart: string): Config {
  return {
    backend: "redis",
    redis: { url, command_timeout: commandTimeout },
    risk: { ...LIMITS, breaker_duration: BREAKER_DURATION, day_start: dayStart },
    events: { max_length: 1_000_000 },
  };
}

/** What a worker asks for when it is offered a signal: the same for all of them but for the name in the metadata. */
export function requestOf(plan: AdmissionPlan, signal: number, worker: number): RequestOfPlan {
  const { seed } = plan;
  const random = seededRandom(seed, REQUESTS + signal);
  const price = decimal(between(random, 900_000, 1_100_000), TICK_PLACES);
  const request = {
    signalId: `signal-${signal}`,
    pair: PAIRS[Math.floor(random() * PAIRS.length)] ?? "",
    side: random() < 0.5 ? ("long" as const) : ("short" as const),
    size: decimal(between(random, 50_000, 1_500_000), LOT_PLACES),
    price,
    ...(random() < 0.25 && { cooldown: between(random, 1, 40) }),
    ...(random() < 0.3 && { tp: price + 5, sl: price - 5 }),
    metadata: { worker, signal },
  };
  const rush = rushOf(plan, signal);
  return rush ? rushed(rush, request, random) : request;
}

/** The signals of a rush that are offered to a worker: all of them, or the worker's own. */
export function rushSignals({ workers }: AdmissionPlan, rush: Rush, worker: number): number[] {
  let first = 0;
  for (const { rush: name, signals } of RUSHES) {
    const count = signals(workers);
    if (name === rush) {
      const all = Array.from({ length: count }, (_, index) => first + index);
      return rush === "own" ? all.slice(worker, worker + 1) : all;
    }
    first += count;
  }
  return [];
}

function rushOf({ workers }: AdmissionPlan, signal: number): Rush | undefined {
  let end = 0;
  return RUSHES.find(({ signals }) => {
    end += signals(workers);
    return signal < end;
  })?.rush;
}

/** What is asked for in a rush: worth 90 to 101 each, the large ones 8500 to 8600; no cooldown keeps another from its slot. */
function rushed(rush: Rush, { cooldown: _, ...request }: RequestOfPlan, random: () => number): RequestOfPlan {
  const { signal } = makerOf(request.metadata);
  const [least, most] = rush === "large" ? [8_500_000, 8_500_000] : [90_000, 99_000];
  return {
    ...request,
    pair: PAIRS[rush === "pair" ? 4 : signal % 4] ?? "",
    size: decimal(between(random, least, most), LOT_PLACES),
    price: decimal(between(random, 1_000_000, 1_011_000), TICK_PLACES),
  };
}

/** Who made an entry, and for which signal, as its metadata says. */
export function makerOf(metadata: Metadata = {}): { worker: number; signal: number } {
  return { worker: Number(metadata.worker), signal: Number(metadata.signal) };
}

/** Every signal, in an order of this worker's own. */
export function shuffledSignals({ seed, signals }: AdmissionPlan, worker: number): number[] {
  const random = seededRandom(seed, SHUFFLES + worker);
  const keyed = Array.from({ length: signals }, (_, signal) => ({ signal, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ signal }) => signal);
}

/** The chances of one process. */
export function laneRandom({ seed }: AdmissionPlan, worker: number, generation: number): () => number {
  return seededRandom(seed, LANES + worker * 1_000 + generation);
}

/** The chances of the operator's deeds. */
export function operatorRandom({ seed }: AdmissionPlan): () => number {
  return seededRandom(seed, OPERATOR);
}

/** The chances of kills and troubles. */
export function faultRandom({ seed }: AdmissionPlan): () => number {
  return seededRandom(seed, FAULTS);
}

/** `digits` x 10^-`places`, as the double that is written so. */
export function decimal(digits: number, places: number): number {
  return Number(`${digits}e-${places}`);
}

/** A whole number from `least` to `most`. */
export function between(random: () => number, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}
