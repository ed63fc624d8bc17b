import type { Position } from "../../src/index.js";
import { exitOf } from "./fills.js";
import type { Market } from "./market.js";
import { Strategies } from "./strategies.js";

/** In which minutes of a market there is something to do: a signal, or an open position that leaves. */
export class Agenda {
  readonly #market: Market;
  readonly #proposing: ReadonlySet<number>;

  constructor(market: Market) {
    this.#market = market;
    const strategies = new Strategies(market);
    this.#proposing = new Set(market.minutes.flatMap((minute, i) => (strategies.next(minute).length > 0 ? [i] : [])));
  }

  /** The minutes with a signal, from an index on. */
  signals(from: number): number[] {
    return [...this.#proposing].filter((index) => index >= from);
  }

  /** The first minute from an index on in which there is something to do; as many as there are minutes when there is none. */
  next(from: number, positions: readonly Position[]): number {
    const { minutes } = this.#market;
    for (let i = from; i < minutes.length; i++) {
      const candles = minutes[i]?.candles;
      const leaves = (position: Position) => {
        const candle = candles?.get(position.pair);
        return candle !== undefined && exitOf(position, candle) !== undefined;
      };
      if (this.#proposing.has(i) || positions.some(leaves)) return i;
    }
    return minutes.length;
  }
}
