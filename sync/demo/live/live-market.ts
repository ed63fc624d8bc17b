/** The synthetic market in real time: the next minute is not known before, and there is no end. */
import type { Candle, Minute } from "../market.js";
import { PAIRS, Walk } from "../synthetic-market.js";

export class LiveMarket {
  readonly pairs: readonly string[] = PAIRS.map(({ pair }) => pair);
  readonly #walks: readonly { readonly pair: string; readonly walk: Walk }[];
  #minute = 0;

  /** `price`: the last traded price of a pair; undefined if there was none. */
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
