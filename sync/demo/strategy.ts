/** When to enter: pure, from candles to proposals. It knows nothing of positions, limits or other bots: the state decides. */

import type { PositionSide } from "../../src/index.js";
import type { Candle } from "./market.js";

const FAST = 30;
/** Minutes after which it begins to propose. */
export const SLOW = 120;
const RANGE = 60;
/** A signal is given again for so many minutes, as by a feed that delivers at least once: it must not become two trades. */
const REPEATS = 3;
const TAKE_PROFIT_RANGES = 9;
const STOP_LOSS_RANGES = 5;
/** What one position is worth, in quote currency. */
const NOTIONAL = 5_000;

/** An entry that the strategy would like to make, at market, at the close of the minute. */
export interface Proposal {
  /** Names the crossing, not the minute in which it is proposed: a repeated proposal has the same id. */
  readonly signalId: string;
  readonly pair: string;
  readonly side: PositionSide;
  readonly size: number;
  readonly price: number;
  readonly tp: number;
  readonly sl: number;
}

/** One pair's moving averages: a crossing is a signal. */
export class Crossover {
  readonly #pair: string;
  #fast = Number.NaN;
  #slow = Number.NaN;
  #range = 0;
  #seen = 0;
  #side: PositionSide | undefined;
  #crossed = { at: 0, time: "" };

  constructor(pair: string) {
    this.#pair = pair;
  }

  /** Takes the candle of `time` in; answers what it proposes now. */
  next(time: number, candle: Candle): Proposal | undefined {
    this.#takeIn(candle);
    if (this.#seen <= SLOW) return undefined;

    const side = this.#fast > this.#slow ? "long" : "short";
    if (side !== this.#side) {
      const isFirst = this.#side === undefined;
      this.#side = side;
      this.#crossed = {
        at: isFirst ? Number.NEGATIVE_INFINITY : this.#seen,
        time: new Date(time).toISOString().slice(0, 16),
      };
    }
    if (this.#seen > this.#crossed.at + REPEATS) return undefined;

    const direction = side === "long" ? 1 : -1;
    const price = candle.close;
    return {
      signalId: `ema-cross:${this.#pair}:${this.#crossed.time}`,
      pair: this.#pair,
      side,
      size: rounded(NOTIONAL / price, 5),
      price,
      tp: rounded(price + direction * TAKE_PROFIT_RANGES * this.#range, 7),
      sl: rounded(price - direction * STOP_LOSS_RANGES * this.#range, 7),
    };
  }

  #takeIn({ high, low, close }: Candle): void {
    const isFirst = this.#seen++ === 0;
    this.#fast = isFirst ? close : average(this.#fast, close, FAST);
    this.#slow = isFirst ? close : average(this.#slow, close, SLOW);
    this.#range = isFirst ? high - low : average(this.#range, high - low, RANGE);
  }
}

/** The exponential moving average after one more value. */
function average(before: number, value: number, length: number): number {
  return before + (value - before) * (2 / (length + 1));
}

function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}
