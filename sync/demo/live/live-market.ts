/** The synthetic market in real time: nobody knows the next minute, and it has no end. */
import type { Candle, Minute } from "../market.js";
import { PAIRS, Walk } from "../synthetic-market.js";

export class LiveMarket {
  readonly pairs: readonly string[] = PAIRS.map(({ pair }) => pair);
  readonly #walks: readonly { readonly pair: string; readonly walk: Walk }[];
  #minute = 0;

  /** `price` is what a pair cost when it was last traded; undefined where it never was. */
  constructor(seed: number, price: (pair: string) => number | undefined) {
    this.#walks = PAIRS.map(({ pair, price: first, swing }, stream) => ({
      pair,
      walk: new Walk(seed, stream, price(pair) ?? first, swing),
    }));
  }

  /** The next minute of every pair, as it is seen at `time`. */
  next(time: number): Minute {
    const minute = this.#minute++;
    const candles = new Map<string, Candle>(this.#walks.map(({ pair, walk }) => [pair, walk.next(minute)]));
    return { time, candles };
  }
}
