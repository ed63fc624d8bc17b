/** ms */
const BEAT = 10;

/** Ticks every 10 ms, to tell how long this machine keeps a process from what is due. */
export class Metronome implements Disposable {
  readonly #ticks: number[] = [Date.now()];
  readonly #timer = setInterval(() => this.#ticks.push(Date.now()), BEAT);

  /** How much of the time between two moments, in ms since 1970, went by beyond what was due, ms. */
  lateBetween(from: number, to: number): number {
    let late = 0;
    for (const [n, tick] of this.#ticks.entries()) {
      const next = this.#ticks[n + 1] ?? Date.now();
      late += Math.max(0, Math.min(next, to) - Math.max(tick + BEAT, from));
    }
    return late;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
