import { type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";

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

  stop(): { pauses: number; share: number; longestMs: number } {
    this.#count(this.#observer.takeRecords());
    this.#observer.disconnect();
    return { pauses: this.#pauses, share: this.#ms / (performance.now() - this.#start), longestMs: this.#longest };
  }

  #count(pauses: readonly PerformanceEntry[]): void {
    for (const { duration } of pauses) {
      this.#pauses++;
      this.#ms += duration;
      this.#longest = Math.max(this.#longest, duration);
    }
  }
}
