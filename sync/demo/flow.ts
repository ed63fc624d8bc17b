/** The demo's flow: its configuration, its clock, its account. */

import type { Config } from "../../src/index.js";

/** The flow's clock: the minute that is traded. Passed as `options.clock`, it makes every day, cooldown and breaker a matter of candles. */
export interface FlowClock {
  now: number;
}

/** What every bot of the demo agrees on. Events are all kept: the report at the end is made of them. */
export const RULES = {
  risk: {
    max_daily_loss: 150,
    max_consecutive_losses: 4,
    max_drawdown: 0.25,
    max_positions_per_pair: 1,
    breaker_duration: "4h",
  },
  events: { max_length: 1_000_000 },
} as const satisfies Config;

/** The account at the paper exchange: 10,000 in quote currency, futures, fees as fractions of what is traded. */
export const ACCOUNT = { name: "paper", balance: 10_000, fees: { maker: 0.0002, taker: 0.0005 } } as const;
