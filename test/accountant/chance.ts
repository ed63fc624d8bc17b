/** Chance that a seed repeats (mulberry32). */

export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number of at least `least`, below `above`. */
  whole(least: number, above: number): number {
    return least + Math.floor(this.next() * (above - least));
  }

  /** True so often of a hundred times. */
  percent(often: number): boolean {
    return this.next() * 100 < often;
  }

  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.whole(0, items.length)];
  }
}
