import { readCandles } from "./candles-csv.js";
import { type Market, MINUTE } from "./market.js";
import type { Options } from "./options.js";
import { syntheticMarket } from "./synthetic-market.js";

const DAY = 1440 * MINUTE;

/** The candles that the options ask for. */
export async function openMarket({ candles, pair, seed, days, bots, chaos }: MarketOptions): Promise<Market> {
  if (candles === undefined) return syntheticMarket(seed, days ?? (bots > 0 || chaos > 0 ? 7 : 30));
  const market = await readCandles(candles, pair);
  if (days === undefined) return market;
  const end = (market.minutes[0]?.time ?? 0) + days * DAY;
  return { ...market, minutes: market.minutes.filter(({ time }) => time < end) };
}

export type MarketOptions = Pick<Options, "candles" | "pair" | "seed" | "days" | "bots" | "chaos">;
