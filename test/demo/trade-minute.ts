import type { Desk } from "./desk.js";
import type { Proposal } from "./strategy.js";

/** Trades one minute: first what left, if the exchange filled anything, then what enters, in the order of the pairs. */
export async function tradeMinute(desk: Desk, moved: boolean, proposals: readonly Proposal[]): Promise<void> {
  if (moved) await desk.book();
  for (const proposal of proposals) await desk.enter(proposal);
}
