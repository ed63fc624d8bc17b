import { readCandles } from "./candles-csv.js";
import { type Market, MINUTE } from "./market.js";
import type { DemoOptions } from "./options.js";
import { syntheticMarket } from "./synthetic-market.js";

const DAY = 1440 * MINUTE;
const SYNTHETIC_DAYS = 30;

/** The candles that the options ask for. */
export async function openMarket({ candles, pair, seed, days }: MarketOptions): Promise<Market> {
  if (candles === undefined) return syntheticMarket(seed, days ?? SYNTHETIC_DAYS);
  const market = await readCandles(candles, pair);
  if (days === undefined) return market;
  const end = (market.minutes[0]?.time ?? 0) + days * DAY;
  return { ...market, minutes: market.minutes.filter(({ time }) => time < end) };
}

export type MarketOptions = Pick<DemoOptions, "candles" | "pair" | "seed" | "days">;
