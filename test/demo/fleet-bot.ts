/** One process of a fleet: trades the minutes that the conductor calls out, together with others, on one flow. */

import { StateError, StateManager } from "../../src/index.js";
import { Desk } from "../../sync/demo/desk.js";
import { type FlowClock, RULES } from "../../sync/demo/flow.js";
import { mortalCounter } from "../../sync/demo/mortal-exchange.js";
import { type MarketOptions, openMarket } from "../../sync/demo/open-market.js";
import { Strategies } from "../../sync/demo/strategies.js";
import { tradeMinute } from "../../sync/demo/trade-minute.js";
import { sharedPaperExchange } from "../../sync/index.js";
import { BotReport } from "./bot-report.js";
import { killSwitch } from "./kill-switch.js";

/** What a bot is told on its command line, as JSON. */
export interface BotSetup {
  readonly flow: string;
  readonly url: string;
  readonly name: string;
  /** Everybody in the fleet. */
  readonly names: readonly string[];
  /** The folder for their reports. */
  readonly reports: string;
  /** Where the conductor serves the exchange. */
  readonly exchange: string;
  readonly market: MarketOptions;
}

/** The conductor says which minute to trade, by its index, or that the market is over. */
export type Order = { readonly trade: number } | { readonly finish: true };

/** The bot answers. */
export interface Done {
  readonly done: number;
}

const setup: BotSetup = JSON.parse(process.argv[2] ?? "");
const { flow, url, name } = setup;
process.on("SIGINT", () => {}); // Ctrl-C reaches the whole group; the conductor decides.
process.once("disconnect", () => process.exit(1)); // the conductor is gone
process.on("uncaughtException", (error) => {
  console.error(`${name}: ${error instanceof StateError ? `${error.name}: ${error.message}` : error.stack}`);
  process.exit(1);
});

const report = BotReport.open(setup.reports, name);
const market = await openMarket(setup.market);
const clock: FlowClock = { now: market.minutes[0]?.time ?? 0 };
const config = { ...RULES, backend: "redis", redis: { url } } as const;
const manager = await StateManager.open(flow, config, { clock: () => clock.now, instanceId: name });
const strategies = new Strategies(market);
/** How many minutes the strategies have seen. */
let seen = 0;

const exchange = await sharedPaperExchange({ path: setup.exchange });
const pass = killSwitch(name);
const desk = new Desk({
  manager,
  exchange: mortalCounter(exchange, pass),
  clock,
  // The conductor feeds the exchange: it lets nobody into a minute before that has the minute's candles.
  async settle() {},
  tell(deed) {
    if (deed.did === "won") report.write({ did: "won", id: deed.signalId });
    else if (deed.did !== "refused") report.write({ did: deed.did, id: deed.id });
  },
  pass,
});

async function trade(index: number): Promise<void> {
  for (; seen < index; seen++) {
    const minute = market.minutes[seen];
    if (minute) strategies.next(minute);
  }
  const minute = market.minutes[index];
  if (!minute) throw new RangeError(`there is no minute ${index}`);
  clock.now = minute.time;
  await manager.heartbeat();
  await tradeMinute(desk, true, strategies.next(minute));
  seen = index + 1;
}

process.on("message", async (order: Order) => {
  if ("trade" in order) {
    await trade(order.trade);
    process.send?.({ done: order.trade } satisfies Done);
    return;
  }
  report.write({ did: "finished" });
  await manager.close();
  await exchange.close();
  process.exit();
});
