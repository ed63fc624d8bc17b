import type { Desk } from "./desk.js";
import { exitOf } from "./fills.js";
import type { Minute } from "./market.js";
import type { Proposal } from "./strategy.js";

/** Trades one minute: first what leaves, in the order of entry, then what enters, in the order of the pairs. */
export async function tradeMinute(desk: Desk, minute: Minute, proposals: readonly Proposal[]): Promise<void> {
  for (const position of await desk.positions()) {
    const candle = minute.candles.get(position.pair);
    const exit = candle && exitOf(position, candle);
    if (exit) await desk.close(position, exit);
  }
  for (const proposal of proposals) await desk.enter(proposal);
}
