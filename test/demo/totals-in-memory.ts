import { StateManager } from "../../src/index.js";
import { bookedTrade } from "./desk.js";
import { type FlowClock, RULES } from "./flow.js";
import type { BookedTrade } from "./flow-log.js";
import type { Market } from "./market.js";
import { stateTotals, type Totals, totalsOf } from "./totals.js";
import { tradeAlone } from "./trade-alone.js";

/** What one bot that nobody disturbs comes to on a market, in memory. */
export async function totalsInMemory(market: Market): Promise<Totals> {
  const clock: FlowClock = { now: market.minutes[0]?.time ?? 0 };
  await using manager = await StateManager.open("undisturbed", RULES, { clock: () => clock.now });
  const booked: BookedTrade[] = [];
  await tradeAlone(manager, clock, market, {
    onDeed: (deed) => deed.did === "closed" && booked.push(bookedTrade(deed, "undisturbed")),
    onMinute() {},
    onPoint() {},
    isStopped: () => false,
  });
  return totalsOf(await stateTotals(manager), booked);
}
