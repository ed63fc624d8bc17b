/** What is left of a position and cannot be sold. */
import * as assert from "uvu/assert";
import type { FillInput, OrderInput, StateManager } from "../../src/index.js";
import { Clock, DAY, MINUTE, NOON } from "./clock.js";
import { refused } from "./expect.js";
import type { Theme } from "./open.js";
import { toldReservations } from "./reservations.js";
import { dayOver, LONG } from "./samples.js";
import { stored } from "./stored.js";

const PAIR = LONG.pair;

const EXIT = {
  id: "out",
  pair: PAIR,
  side: "sell",
  size: 1,
  price: 110,
  intent: "exit",
  positionId: "a",
} as const satisfies OrderInput;

/** An exit that names no position. */
const SALE = { id: "sale", pair: PAIR, side: "sell", size: 1, intent: "exit" } as const satisfies OrderInput;

/** The position `a` of 1 at 100, and an order to leave it. */
async function enter(mgr: StateManager, entryPrice = 100): Promise<void> {
  await mgr.savePosition({ ...LONG, id: "a", size: 1, entryPrice, cooldown: "5m" });
  await mgr.saveOrder(EXIT);
}

/** All but 0.001 is sold at 110; the exchange says that the order is complete. */
function leave(mgr: StateManager, fill: Partial<FillInput> = {}) {
  return mgr.recordFill("out", { fillId: "x1", price: 110, size: 0.999, done: true, dust: 0.001, ...fill });
}

/** A position that ends as dust of this size, at this price. */
async function leaveDust(mgr: StateManager, id: string, size: number, entryPrice: number): Promise<void> {
  await mgr.savePosition({ ...LONG, id, size, entryPrice });
  await mgr.saveOrder({ ...EXIT, id: `out of ${id}`, size: size + 1, positionId: id });
  await mgr.cancelOrder(`out of ${id}`, { dust: size });
}

function sell(mgr: StateManager, size: number, price: number, fillId = "s1") {
  return mgr.recordFill("sale", { fillId, price, size });
}

export const dust: Theme = (test, open) => {
  test("what is left of a position when its exit is done ends as dust: a trade like another, with its dust", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_daily_trades: 1 } }, { clock: clock.read });
    await mgr.updateDailyPnl(-1);
    await enter(mgr);
    const { booked, position, positions, trades, order, risk } = await leave(mgr, { fee: 0.5 });
    // 0.999 x 10 - 0.5
    assert.equal([booked, position, positions, order?.status], [9.49, undefined, [], "cancelled"]);
    assert.equal([risk.dailyPnl, risk.dailyTrades, risk.consecutiveLosses], [8.49, 2, 0]);
    const [trade] = trades;
    assert.equal(
      [trade?.id, trade?.size, trade?.dust, trade?.pnl, trade?.exitPrice, trade?.reason],
      ["a", 1, 0.001, 9.49, 110, "exit"],
    );
    assert.equal(await mgr.getTrades(), trades);
    assert.equal(await mgr.getPositions(), []);
    assert.equal(await mgr.getCooldown(PAIR), new Date(NOON + 5 * MINUTE));
    clock.now += DAY;
    assert.equal(await toldReservations(mgr, [PAIR]), { slots: "0", slotsOf: { [PAIR]: "0" }, exposure: "0" });
  });

  test("a rest is no dust while its order is not done, while another exit is pending, or when it is larger", async () => {
    for (const [what, fill] of [
      ["not done", { dust: 0.001 }],
      ["another exit", { done: true, dust: 0.001 }],
      ["larger", { done: true, dust: 0.0009 }],
      ["not asked for", { done: true }],
    ] as const) {
      await using mgr = await open();
      await enter(mgr);
      if (what === "another exit") await mgr.saveOrder({ ...EXIT, id: "tp" });
      const { position, trades } = await mgr.recordFill("out", { fillId: "x1", price: 110, size: 0.999, ...fill });
      assert.equal([position?.size, trades], [0.001, []], what);
    }
  });

  test("a fill of the whole order is done without being said so, and an entry or an exit of another position is not waited for", async () => {
    await using mgr = await open();
    await enter(mgr);
    await mgr.saveOrder({ ...EXIT, id: "other", positionId: "b" });
    await mgr.saveOrder({ id: "adds", pair: PAIR, side: "buy", size: 1, price: 1, positionId: "a" });
    await mgr.saveOrder({ ...EXIT, id: "small", size: 0.999 });
    await mgr.cancelOrder("out");
    const { trades } = await mgr.recordFill("small", { fillId: "x1", price: 110, size: 0.999, dust: 0.001 });
    assert.is(trades[0]?.dust, 0.001);
    assert.is((await mgr.getOrder("adds"))?.positionId, "a");
  });

  test("a cancelled exit leaves dust, unless another exit is pending", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr);
    await mgr.saveOrder({ ...EXIT, id: "tp", reason: "tp" });
    await mgr.recordFill("out", { fillId: "x1", price: 110, size: 0.999 });
    assert.is(await mgr.cancelOrder("out", { dust: 0.001 }), true);
    assert.is((await mgr.getPosition("a"))?.size, 0.001);
    assert.is(await mgr.cancelOrder("tp", { dust: 0.001 }), true);
    assert.equal(await mgr.getPositions(), []);
    const [trade] = await mgr.getTrades();
    assert.equal([trade?.dust, trade?.pnl, trade?.reason, trade?.size], [0.001, 9.99, "tp", 1]);
    assert.equal(await mgr.getCooldown(PAIR), new Date(NOON + 5 * MINUTE));
    const { dailyPnl, dailyTrades } = await mgr.getRiskState();
    assert.equal([dailyPnl, dailyTrades], [9.99, 1]);
  });

  test("a loss that ends as dust is judged: it may trip the breaker, also when its order is cancelled", async () => {
    for (const cancelled of [false, true]) {
      await using mgr = await open({ risk: { max_consecutive_losses: 1 } });
      await enter(mgr);
      const { tripped } = await leave(mgr, { price: 90, done: !cancelled });
      assert.is(tripped, !cancelled);
      if (cancelled) await mgr.cancelOrder("out", { dust: 0.001 });
      assert.is(await mgr.checkCircuitBreaker(), true);
    }
  });

  test("a close tells the size that is left at the exchange as dust", async () => {
    await using mgr = await open();
    await enter(mgr);
    await refused(mgr.closePosition("a", { pnl: 9.99, dust: 1.01 }), "dust");
    const { trade } = await mgr.closePosition("a", { pnl: 9.99, dust: 0.001 });
    assert.equal([trade?.pnl, trade?.dust], [9.99, 0.001]);
    await mgr.saveOrder(SALE);
    // 0.001 x (120 - 100)
    assert.is((await sell(mgr, 0.001, 120)).booked, 0.02);
  });

  test("an exit beyond the pair's positions sells the dust: its result is cash of no trade", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr);
    await leave(mgr);
    await mgr.savePosition({ ...LONG, id: "b", size: 1, entryPrice: 100 });
    await mgr.saveOrder({ ...SALE, size: 2 });
    // b wins 20, 0.001 of dust 0.02, and 0.5 nobody had
    const { booked, trades, over, positions } = await sell(mgr, 1.501, 120);
    assert.equal([booked, trades.map(({ id, pnl }) => [id, pnl]), positions, over], [20.02, [["b", 20]], [], 0.5]);
    const { dailyPnl, dailyTrades } = await mgr.getRiskState();
    assert.equal([dailyPnl, dailyTrades], [30.01, 2]);
    assert.equal(
      (await mgr.getTrades()).map(({ id, pnl, dust: left }) => [id, pnl, left]),
      [
        ["a", 9.99, 0.001],
        ["b", 20, undefined],
      ],
    );
    clock.now += DAY;
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", 30.01, 2, { closed: 29.99, cash: 0.02 })]);
  });

  test("an exit of dust alone ends no trade and judges nothing; when the dust is gone, the exit is refused", async () => {
    await using mgr = await open();
    await enter(mgr);
    await leave(mgr);
    await mgr.saveOrder(SALE);
    const { booked, trades, position, risk, over } = await sell(mgr, 0.001, 50);
    assert.equal([booked, trades, position, over], [-0.05, [], undefined, undefined]);
    assert.equal([risk.dailyPnl, risk.dailyTrades, risk.consecutiveLosses], [9.94, 1, 0]);
    assert.is((await sell(mgr, 0.001, 50)).applied, false);
    const before = await stored(mgr);
    await refused(sell(mgr, 0.001, 50, "s2"), "orderId");
    assert.equal(await stored(mgr), before);
  });

  test("dust is kept per pair and side with what it cost; a part of it takes its share", async () => {
    await using mgr = await open();
    await leaveDust(mgr, "d1", 1, 100);
    await leaveDust(mgr, "d2", 3, 120);
    await mgr.saveOrder({ ...SALE, size: 9 });
    await mgr.saveOrder({ ...SALE, id: "elsewhere", pair: "ETH/USDT" });
    await mgr.saveOrder({ ...SALE, id: "buys", side: "buy" });
    for (const id of ["elsewhere", "buys"]) {
      await refused(mgr.recordFill(id, { fillId: "s1", price: 1, size: 1 }), "orderId");
    }
    // 460 for 4: 2 x 130 - 230, then 1.5 x 115 - 172.5, then 0.5 x 100 - 57.5
    assert.is((await sell(mgr, 2, 130)).booked, 30);
    assert.is((await sell(mgr, 1.5, 115, "s2")).booked, 0);
    const last = await sell(mgr, 0.75, 100, "s3");
    assert.equal([last.booked, last.over], [-7.5, 0.25]);
  });

  test("dust is kept over close and connect", async () => {
    await using mgr = await open();
    await leaveDust(mgr, "d1", 1, 100);
    await mgr.close();
    await mgr.connect();
    await mgr.saveOrder(SALE);
    assert.is((await sell(mgr, 1, 101)).booked, 1);
  });

  test("a fill of the order whose position ended as dust explains that end: booked on the trade, and no dust any more", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr);
    await leave(mgr);
    // 0.001 x (90 - 100) - 0.01
    const { booked, trades, over } = await mgr.recordFill("out", { fillId: "x2", price: 90, size: 0.001, fee: 0.01 });
    assert.equal([booked, trades, over], [-0.02, [], undefined]);
    const [trade, ...more] = await mgr.getTrades();
    assert.equal([trade?.pnl, trade?.fees, more], [9.97, 0.01, []]);
    await mgr.saveOrder(SALE);
    await refused(sell(mgr, 0.001, 120), "orderId");
    clock.now += DAY;
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", 9.97, 1, { closed: 9.99, later: -0.02 })]);
  });

  test("what such a fill is more than its own dust sells the pair's other dust", async () => {
    await using mgr = await open();
    await leaveDust(mgr, "d1", 1, 100);
    await leaveDust(mgr, "d2", 3, 120);
    // d1's own at 100 wins 10, one of the other three at 120 loses 10
    const { booked, over } = await mgr.recordFill("out of d1", { fillId: "x1", price: 110, size: 2 });
    assert.equal([booked, over], [0, undefined]);
    assert.equal(
      (await mgr.getTrades()).map(({ id, pnl }) => [id, pnl]),
      [
        ["d1", 10],
        ["d2", 0],
      ],
    );
    await mgr.saveOrder({ ...SALE, size: 9 });
    const rest = await sell(mgr, 3, 120);
    assert.equal([rest.booked, rest.over], [0, 1]);
  });

  test("a size of dust that is none is refused", async () => {
    await using mgr = await open();
    await enter(mgr);
    const before = await stored(mgr);
    for (const wrong of [0, -0.001, Number.NaN, Number.POSITIVE_INFINITY]) {
      await refused(leave(mgr, { dust: wrong }), "fill.dust");
      await refused(mgr.cancelOrder("out", { dust: wrong }), "dust");
      await refused(mgr.closePosition("a", { pnl: 1, dust: wrong }), "dust");
    }
    assert.equal(await stored(mgr), before);
  });
};
