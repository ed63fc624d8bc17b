/** What the bots of a race, and those who look on, have to know. */
import type { Config } from "../../src/index.js";

export const PAIRS = ["BTC/USDT", "ETH/USDT", "SOL/USDT"] as const;

export interface Assignment {
  readonly flowId: string;
  readonly config: Config;
  readonly seed: number;
  readonly steps: number;
}

/** Limits of each flow and of each account. */
export const OF_FLOW = { max_open_positions: 5, max_positions_per_pair: 3, max_exposure: 1_000 } as const;
export const OF_ACCOUNT = { max_open_positions: 6, max_positions_per_pair: 4, max_exposure: 1_100 } as const;

/**
 * Looks at an account and its flows at one moment: KEYS[1] is the account's hash, the others are the flows' exposures. Answers the account's
 * fields, then those of each flow.
 */
export const LOOK = `
local all = {}
for i = 1, #KEYS do all[i] = redis.call("HGETALL", KEYS[i]) end
return all
`;
