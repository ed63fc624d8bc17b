import type { Desk } from "./desk.js";
import type { Proposal } from "./strategy.js";

/** Trades one minute: first what left, if the exchange has `traded`, then what enters, in the order of the pairs. */
export async function tradeMinute(desk: Desk, traded: boolean, proposals: readonly Proposal[]): Promise<void> {
  if (traded) await desk.book();
  for (const proposal of proposals) await desk.enter(proposal);
}
