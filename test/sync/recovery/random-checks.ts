/** What has to hold after a recovery from a random life. */
import * as assert from "uvu/assert";
import { minus, plus } from "../../../src/exact/double.js";
import type { StateEvent } from "../../../src/index.js";
import type { RecoveryReport } from "../../../sync/index.js";
import { canonicalPair, sideKey } from "../../../sync/port/pairs.js";
import { allFills, OWN, type RandomBot } from "./random-bot.js";

async function eventsOf({ mgr }: RandomBot): Promise<StateEvent[]> {
  return mgr.getEvents({ limit: 10_000 });
}

/** Every booking is of a fill that there was, at its price, and no fill is booked by more than its size. */
export async function checkBookings(bot: RandomBot): Promise<void> {
  const fills = new Map((await allFills(bot.exchange)).map((fill) => [fill.fillId, fill]));
  const booked = new Map<string, number>();
  for (const event of await eventsOf(bot)) {
    if (event.type !== "fill_recorded") continue;
    const id = event.fillId.startsWith(OWN) ? event.fillId.slice(OWN.length) : event.fillId;
    const fill = fills.get(id);
    if (!fill) throw new Error(`${event.fillId} is booked and never happened`);
    assert.is(event.price, fill.price);
    assert.is(event.ts.getTime(), fill.ts.getTime());
    assert.is(canonicalPair(fill.pair), canonicalPair(event.order.pair));
    // A hand's fill that is just what an order lacks may be booked as that order's, where the exchange proves nothing by ids.
    if (event.order.orderType !== "external" && fill.clientOrderId !== undefined)
      assert.is(event.orderId, fill.clientOrderId);
    assert.is(event.order.side, fill.side);
    booked.set(id, plus(booked.get(id) ?? 0, event.size));
    assert.ok((booked.get(id) ?? 0) <= fill.size, `${id} of ${fill.size} is booked by ${booked.get(id)}`);
  }
  const taken = bot.exchange.seen.flatMap((call) =>
    call.method === "createOrder" && call.accepted ? [call.clientOrderId] : [],
  );
  assert.is(new Set(taken).size, taken.length);
}

/** State and exchange hold the same of every pair and side, or of its net where that is what counts, and know the same orders. */
export async function checkAgreement(bot: RandomBot, report: RecoveryReport): Promise<void> {
  const { mgr, exchange, life } = bot;
  const differences = new Map<string, number>();
  const add = (pair: string, side: "long" | "short", size: number) => {
    const [key, signed] =
      life.mode === "netting"
        ? [canonicalPair(pair), side === "long" ? size : minus(0, size)]
        : [sideKey(pair, side), size];
    differences.set(key, plus(differences.get(key) ?? 0, signed));
  };
  for (const { pair, side, size } of await exchange.fetchPositions()) add(pair, side, size);
  for (const { pair, side, size } of await mgr.getPositions()) add(pair, side, minus(0, size));
  const waiting = new Set(report.waiting.map(({ subject }) => subject));
  // What a person approved to stay as it is stays.
  const left = new Set(
    report.plan.actions.flatMap((action) =>
      action.type === "leave_orphan" || action.type === "leave_position"
        ? [life.mode === "netting" ? canonicalPair(action.pair) : sideKey(action.pair, action.side)]
        : [],
    ),
  );
  for (const [key, difference] of differences) {
    if (waiting.has(key) || left.has(key)) continue;
    const dust = Math.abs(difference) < life.minSize;
    assert.ok(difference === 0 || dust, `${key} differs by ${difference}`);
  }
  if (life.recovery === "close_all") {
    for (const { pair, side, size } of await exchange.fetchPositions()) {
      const isLeft = left.has(life.mode === "netting" ? canonicalPair(pair) : sideKey(pair, side));
      assert.ok(isLeft || size < life.minSize, `${size} is not closed`);
    }
  }
  const pending = new Set((await mgr.getPendingOrders()).map(({ id }) => id));
  for (const { clientOrderId } of await exchange.fetchOpenOrders())
    assert.ok(clientOrderId === undefined || pending.has(clientOrderId), `${clientOrderId} is open and not pending`);
  for (const { id, pair, filled } of await mgr.getPendingOrders()) {
    const order = await exchange.fetchOrder(id, (await exchange.resolvePair(pair)) ?? pair);
    assert.ok(order?.status === "open" || waiting.has(id), `${id} is pending and ${order?.status}`);
    if (order) assert.is(filled, order.filled);
  }
}

/** In a life of the bot's own doings, the flow's PnL is the exchange's, and a recovery in sync sends nothing. */
export async function checkPlainLife(bot: RandomBot): Promise<void> {
  const { mgr, exchange, life } = bot;
  const history = await mgr.getDailyHistory();
  const { dailyPnl } = await mgr.getRiskState();
  assert.is(plus(dailyPnl, ...history.map(({ pnl }) => pnl)), exchange.balance);
  for (const event of await eventsOf(bot)) {
    assert.is.not(event.type, "position_closed");
    assert.is.not(event.type, "position_updated");
    assert.is.not(event.type, "breaker_tripped");
  }
  if (life.recovery === "sync") {
    for (const call of exchange.seen)
      if (call.method === "createOrder") assert.match(call.clientOrderId, /^(?:entry|exit|stop)-\d+$/);
  }
}
