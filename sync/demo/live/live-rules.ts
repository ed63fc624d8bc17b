import type { Config } from "../../../src/index.js";

const MINUTE = 60_000;
/** Durations on the flow's own clock shrink as the market speeds up, but not below this, ms. */
const SHORTEST = 1000;

/** How long this many minutes of the market last, ms, when `speed` of them pass in a second. */
export function lasting(minutes: number, speed: number): number {
  return Math.max(SHORTEST, Math.round(minutes * (1000 / speed)));
}

/** The rules of a live demo: its trading day is the real one, its breaker lasts four hours of the market. */
export function liveRules(speed: number): Config {
  return {
    risk: {
      max_consecutive_losses: 4,
      max_drawdown: 0.25,
      max_positions_per_pair: 1,
      max_open_positions: 3,
      max_exposure: 20_000,
      breaker_duration: lasting(240, speed),
      currency: "USDT",
    },
    recovery: { reconcile_every: MINUTE, exclusive_account: true },
  };
}
