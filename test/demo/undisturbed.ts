import { StateManager } from "../../src/index.js";
import { Feed } from "../../sync/demo/feed.js";
import { ACCOUNT, type FlowClock, RULES } from "../../sync/demo/flow.js";
import { eventsOf } from "../../sync/demo/flow-log.js";
import type { KillPoint } from "../../sync/demo/kill-point.js";
import type { Market } from "../../sync/demo/market.js";
import { stateTotals, type Totals, totalsOf } from "../../sync/demo/totals.js";
import { tradeAlone } from "../../sync/demo/trade-alone.js";
import { PaperExchange } from "../../sync/index.js";
import { type Account, accountOf } from "./account.js";
import { isStep } from "./kill-switch.js";

/** What one bot that nobody disturbs comes to on a market, in memory; and how many steps it could have died at. */
export async function undisturbed(market: Market): Promise<{ totals: Totals; account: Account; steps: number }> {
  const clock: FlowClock = { now: market.minutes[0]?.time ?? 0 };
  await using exchange = new PaperExchange({ ...ACCOUNT, clock: () => clock.now });
  await using manager = await StateManager.open("undisturbed", RULES, { clock: () => clock.now });
  let steps = 0;
  const onPoint = (point: KillPoint) => {
    if (isStep(point)) steps++;
  };
  const feed = new Feed(exchange, clock, onPoint);
  await tradeAlone(
    { manager, feed, clock, market },
    { recovery: "sync", approve: undefined },
    {
      onRecovery() {},
      onDeed() {},
      onMinute() {},
      onPoint,
      isStopped: () => false,
    },
  );
  const totals = totalsOf(await stateTotals(manager), await eventsOf(manager));
  return { totals, account: await accountOf(exchange, market), steps };
}
