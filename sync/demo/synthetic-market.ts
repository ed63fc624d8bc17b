/** A market made of random numbers: the same seed gives the same candles on every machine, and more days only add to them. */

import { type Candle, type Market, MINUTE, type Minute } from "./market.js";
import { seededRandom } from "./seeded-random.js";

const START = Date.parse("2024-03-04T00:00Z");
const MINUTES_PER_DAY = 1440;

/** Where each pair begins, and how far one minute moves it (a fraction). */
export const PAIRS = [
  { pair: "BTC/USDT", price: 62_000, swing: 0.0007 },
  { pair: "ETH/USDT", price: 3_400, swing: 0.0009 },
  { pair: "SOL/USDT", price: 130, swing: 0.0013 },
  { pair: "XRP/USDT", price: 0.62, swing: 0.0011 },
] as const;

/** Trends begin and end at random; this many minutes lie between two turns on average. */
const TREND_MINUTES = 180;
/** How strongly a trend pulls, in swings per minute. */
const TREND_PULL = 0.14;

export function syntheticMarket(seed: number, days: number): Market {
  const feeds = PAIRS.map(({ pair, price, swing }, stream) => ({ pair, walk: new Walk(seed, stream, price, swing) }));
  const minutes: Minute[] = [];
  for (let i = 0; i < days * MINUTES_PER_DAY; i++) {
    minutes.push({ time: START + i * MINUTE, candles: new Map(feeds.map(({ pair, walk }) => [pair, walk.next(i)])) });
  }
  return { name: `synthetic-${seed}`, pairs: PAIRS.map(({ pair }) => pair), minutes, remarks: [] };
}

/** One pair's price, minute by minute: a random walk with trends, calm and busy hours. */
export class Walk {
  readonly #random: () => number;
  readonly #swing: number;
  #price: number;
  #trend = 0;
  #heat = 1;

  constructor(seed: number, stream: number, price: number, swing: number) {
    this.#random = seededRandom(seed, stream);
    this.#price = price;
    this.#swing = swing;
  }

  next(minute: number): Candle {
    if (this.#random() < 1 / TREND_MINUTES) this.#trend = Math.floor(this.#random() * 3) - 1;
    this.#heat = Math.max(0.4, 0.98 * this.#heat + 0.02 * (0.3 + 1.4 * this.#random()));
    const hour = (minute % MINUTES_PER_DAY) / 60;
    const busy = hour >= 13 && hour < 21 ? 1.3 : 0.9;
    const swing = this.#swing * this.#heat * busy;

    const open = this.#price;
    const close = priceText(open * (1 + swing * (this.#bell() + TREND_PULL * this.#trend)));
    const high = priceText(Math.max(open, close) * (1 + swing * 0.4 * this.#random()));
    const low = priceText(Math.min(open, close) * (1 - swing * 0.4 * this.#random()));
    const volume = Math.round((50 + 200 * this.#random()) * busy * this.#heat * 100) / 100;
    this.#price = close;
    return { open, high, low, close, volume };
  }

  /** Around 0, within 3: the sum of six even numbers is bell-shaped enough, and exact arithmetic on every machine. */
  #bell(): number {
    let sum = -3;
    for (let i = 0; i < 6; i++) sum += this.#random();
    return sum * Math.SQRT2;
  }
}

/** A price with five to six digits, as exchanges quote it. */
function priceText(price: number): number {
  return Number(price.toPrecision(6));
}
