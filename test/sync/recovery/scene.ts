import type { StateManager } from "../../../src/index.js";
import type { PaperExchange, RecoveryOptions } from "../../../sync/index.js";
import { type Clock, HOUR, MINUTE } from "../../contract/clock.js";
import { PAIR, QUICK, Stand } from "./stand.js";

export const PAIRS = [PAIR, "ETH/USDT", "SOL/USDT", "XRP/USDT", "ADA/USDT"] as const;

/** What happened before a recovery, and how it recovers. */
export interface Scene {
  readonly name: string;
  readonly options: RecoveryOptions;
}

export const SCENES: readonly Scene[] = [
  { name: "sync, orphans closed", options: { ...QUICK, mode: "sync", orphanPositions: "close" } },
  { name: "sync, orphans adopted", options: { ...QUICK, mode: "sync", orphanPositions: "adopt" } },
  { name: "close_all", options: { ...QUICK, mode: "close_all", orphanPositions: "close" } },
];

/** A bot that dies with everything at once on its hands, and is away for hours. */
export async function calamity(mgr: StateManager, exchange: PaperExchange, clock: Clock): Promise<void> {
  const [btc, eth, sol, xrp, ada] = PAIRS;
  for (const pair of PAIRS) await exchange.setPrice(pair, 100);
  await mgr.heartbeat();
  const stand = new Stand(clock, mgr, exchange);
  await stand.hold("held", { cooldown: 8 * HOUR });
  await stand.stop("held-stop", "held", 90); // is hit
  await stand.hold("short", { pair: eth, side: "short", size: 3 }); // is reduced by hand
  await stand.hold("left", { pair: sol, size: 2 }); // stays
  await stand.stop("left-stop", "left", 50);
  await stand.admit("sent", { pair: xrp }); // is filled in two parts
  await stand.submit("sent", { type: "limit", price: 95 });
  await stand.admit("lost", { pair: ada }); // never arrives
  clock.now += MINUTE;
  await exchange.fillOrder("sent", 0.25);
  await exchange.fillOrder("sent", 0.75);
  await exchange.setPrice(btc, 90);
  await exchange.trade({ pair: eth, side: "buy", size: 1, price: 110 });
  await exchange.trade({ pair: ada, side: "sell", size: 7, price: 100 }); // an orphan, with a stop of its own
  await exchange.createOrder({
    clientOrderId: "own-stop",
    pair: ada,
    side: "buy",
    size: 7,
    type: "stop",
    price: 130,
    reduceOnly: true,
  });
  clock.now += 3 * HOUR;
}

/** Everything that has to be the same, however often the recovery died. */
export async function outcome(mgr: StateManager, exchange: PaperExchange) {
  const { at: _, epoch: __, ...state } = await mgr.snapshot();
  return {
    state: JSON.parse(JSON.stringify(state)),
    history: await mgr.getDailyHistory(),
    balance: exchange.balance,
    there: await exchange.fetchPositions(),
    open: (await exchange.fetchOpenOrders()).map(({ clientOrderId, size, filled }) => ({
      clientOrderId,
      size,
      filled,
    })),
    orders: exchange.seen.flatMap((call) =>
      call.method === "createOrder" && call.accepted ? [call.clientOrderId] : [],
    ),
    refused: exchange.seen.flatMap((call) => (call.method === "createOrder" && !call.accepted ? [call.failure] : [])),
  };
}
