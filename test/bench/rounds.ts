/**
 * Compares several kinds of work fairly on a machine that is never quiet: short slices of each, in turn, again and again. A ratio
 * is taken within a round, where the machine was the same for all, and the median of the rounds is what counts.
 */
import { type Slice, slice } from "./slice.js";
import { median, quantile } from "./statistics.js";
import type { Work } from "./work.js";

export interface Plan {
  /** How long one slice should take, ms. */
  readonly sliceMs: number;
  /** How long a kind of work runs before it is measured, ms. */
  readonly warmUpMs: number;
  readonly rounds: number;
  /** With many in flight, a slice is at least so many times as many calls: its start and end are not what is measured. */
  readonly refills: number;
  /** One at a time, a slice is at least so many calls. */
  readonly fewest: number;
}

/** What was seen of one kind of work. */
export class Series {
  readonly #slices: readonly Slice[];

  constructor(slices: readonly Slice[]) {
    this.#slices = slices;
  }

  /** Calls per second. */
  get rate(): number {
    return median(this.rates);
  }

  /** Calls per second in each round. */
  get rates(): number[] {
    return this.#slices.map(({ calls, ms }) => (calls / ms) * 1000);
  }

  /** µs; NaN where calls were not made one at a time. */
  get p50(): number {
    return median(this.p50s);
  }

  /** The median latency of each round, µs. */
  get p50s(): number[] {
    return this.#slices.map(({ latencies }) => median(latencies ?? []));
  }

  /** µs, over the calls of all rounds. */
  get p99(): number {
    return quantile(
      this.#slices.flatMap(({ latencies }) => Array.from(latencies ?? [])),
      0.99,
    );
  }
}

/** The median over the rounds of `above / below`. */
export function ratio(above: readonly number[], below: readonly number[]): number {
  return median(above.map((value, round) => value / (below[round] ?? Number.NaN)));
}

/** A kind of work, and how many of its calls are in flight. */
export interface Lane {
  readonly work: Work;
  readonly inFlight: number;
}

/** Measures the lanes interleaved: one slice of each per round, in alternating order. */
export async function interleave(lanes: readonly Lane[], plan: Plan): Promise<Series[]> {
  const calls: number[] = [];
  for (const lane of lanes) calls.push(await warmUp(lane, plan));

  const slices = lanes.map((): Slice[] => []);
  for (let round = 0; round < plan.rounds; round++) {
    const order = round % 2 === 0 ? lanes.keys() : Array.from(lanes.keys()).reverse();
    for (const i of order) {
      const { work, inFlight } = lanes[i] as Lane;
      slices[i]?.push(await slice(work, calls[i] as number, inFlight));
    }
  }
  return slices.map((series) => new Series(series));
}

/** Runs the work until it is warm; returns how many calls fill a slice. */
async function warmUp({ work, inFlight }: Lane, { sliceMs, warmUpMs, refills, fewest }: Plan): Promise<number> {
  const least = inFlight === 1 ? fewest : inFlight * refills;
  let calls = least;
  let spent = 0;
  for (;;) {
    const { ms } = await slice(work, calls, inFlight);
    spent += ms;
    const full = Math.max(least, Math.round((calls * sliceMs) / ms));
    if (spent >= warmUpMs && ms * 2 >= sliceMs) return full;
    if (spent >= warmUpMs + 4 * sliceMs) return full;
    calls = Math.min(full, calls * 4);
  }
}
