import { type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";

export interface GcShare {
  readonly pauses: number;
  /** Of the time of the run. */
  readonly share: number;
  readonly longestMs: number;
}

/** How much of the run the garbage collector took: noise that no median takes out of a p99. */
export class GcWatch {
  readonly #observer: PerformanceObserver;
  readonly #start = performance.now();
  #pauses = 0;
  #ms = 0;
  #longest = 0;

  constructor() {
    this.#observer = new PerformanceObserver((list) => this.#count(list.getEntries()));
    this.#observer.observe({ entryTypes: ["gc"] });
  }

  async stop(): Promise<GcShare> {
    const ms = performance.now() - this.#start;
    // What was measured may never have left the event loop a turn, and it is then that pauses are told.
    await nextTurn();
    this.#count(this.#observer.takeRecords());
    this.#observer.disconnect();
    return { pauses: this.#pauses, share: this.#ms / ms, longestMs: this.#longest };
  }

  #count(pauses: readonly PerformanceEntry[]): void {
    for (const { duration } of pauses) {
      this.#pauses++;
      this.#ms += duration;
      this.#longest = Math.max(this.#longest, duration);
    }
  }
}
