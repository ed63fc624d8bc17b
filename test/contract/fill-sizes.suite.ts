/** Sizes that are the same but for their rounding, late fills, and cooldowns of closes that are told late. */
import * as assert from "uvu/assert";
import type { OrderInput } from "../../src/index.js";
import { admitted } from "./admission.suite.js";
import { Clock, HOUR, MINUTE } from "./clock.js";
import { refused } from "./expect.js";
import type { Theme } from "./open.js";
import { toldReservations } from "./reservations.js";
import { LONG } from "./samples.js";
import { stored } from "./stored.js";

const PAIR = LONG.pair;
const SUM = 0.1 + 0.2; // 0.30000000000000004
const EXIT = { id: "out", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "p1" } satisfies OrderInput;

export const fillSizes: Theme = (test, open) => {
  test("an entry of 0.1 + 0.2 is filled by 0.1 and 0.2, and an exit of 0.1 + 0.2 leaves it", async () => {
    await using mgr = await open();
    const { id } = await admitted(mgr, { size: SUM, price: 100 });
    await mgr.recordFill(id, { fillId: "f1", price: 100, size: 0.1 });
    const { order } = await mgr.recordFill(id, { fillId: "f2", price: 100, size: 0.2, done: true });
    assert.equal([order?.status, order?.filled], ["filled", 0.3]);
    assert.equal(await mgr.getPendingOrders(), []);
    await mgr.saveOrder({ ...EXIT, size: SUM, positionId: id });
    const out = await mgr.recordFill("out", { fillId: "x1", price: 110, size: SUM });
    assert.equal(
      [out.position, out.order?.status, out.risk.dailyPnl, out.risk.dailyTrades],
      [undefined, "filled", 3, 1],
    );
    assert.equal(await toldReservations(mgr, [PAIR]), { slots: "0", slotsOf: { [PAIR]: "0" }, exposure: "0" });
  });

  test("a rest of a relative 1e-9 is flat, and one above is not", async () => {
    for (const [size, left] of [
      [0.3, 0],
      [1 - 1e-9, 0],
      [1 - 1.1e-9, 1.1e-9],
    ] as const) {
      await using mgr = await open();
      await mgr.savePosition({ ...LONG, size: size === 0.3 ? SUM : 1, entryPrice: 100 });
      await mgr.saveOrder({ ...EXIT, size });
      const { position, order, risk } = await mgr.recordFill("out", { fillId: "x1", price: 101, size });
      assert.is(order?.status, "filled");
      if (left === 0) assert.is(position, undefined);
      else assert.ok(Math.abs((position?.size ?? 0) - left) < 1e-12);
      assert.is(risk.dailyTrades, left === 0 ? 1 : 0);
    }
  });

  test("an exit that is larger by a relative 1e-9 takes what there is, at its own price", async () => {
    await using mgr = await open();
    await mgr.savePosition({ ...LONG, size: 1, entryPrice: 1e9 });
    await mgr.saveOrder(EXIT);
    const { position, risk } = await mgr.recordFill("out", { fillId: "x1", price: 2e9, size: 1.0000000009 });
    assert.equal([position, risk.dailyPnl, risk.dailyTrades], [undefined, 1e9, 1]);
  });

  test("an order that is complete by less than its size, beyond rounding, is cancelled", async () => {
    await using mgr = await open();
    await mgr.saveOrder({ id: "in", pair: PAIR, side: "buy", size: 1 });
    const { order } = await mgr.recordFill("in", { fillId: "f1", price: 1, size: 1 - 2e-9, done: true });
    assert.is(order?.status, "cancelled");
  });

  test("the late fill of an entry whose signal was given free marks the signal again, at that moment", async () => {
    const clock = new Clock();
    await using mgr = await open({ signals: { dedup_window: "1h" } }, { clock: clock.read });
    const { id } = await admitted(mgr, { signalId: "s1", size: 1, price: 100 });
    await mgr.cancelOrder(id, { releaseSignal: true });
    assert.is(await mgr.isSignalProcessed("s1"), false);
    clock.now += 30 * MINUTE;
    await mgr.recordFill(id, { fillId: "f1", price: 100, size: 0.4 });
    assert.is(await mgr.markSignalProcessed("s1", PAIR), false);
    const last = (await mgr.getEvents()).at(-1);
    assert.ok(last?.type === "fill_recorded" && last.signalMarked === "s1");
    clock.now += HOUR - 1;
    assert.is(await mgr.isSignalProcessed("s1"), true);
    clock.now += 1;
    assert.is(await mgr.isSignalProcessed("s1"), false);
  });

  test("a late fill leaves a signal that is still marked, or won by another since, as it is", async () => {
    for (const releaseSignal of [false, true]) {
      const clock = new Clock();
      await using mgr = await open({ signals: { dedup_window: "1h" } }, { clock: clock.read });
      const { id } = await admitted(mgr, { signalId: "s1", size: 1, price: 100 });
      await mgr.cancelOrder(id, { releaseSignal });
      if (releaseSignal) await mgr.markSignalProcessed("s1", PAIR);
      clock.now += 30 * MINUTE;
      await mgr.recordFill(id, { fillId: "f1", price: 100, size: 1 });
      const last = (await mgr.getEvents()).at(-1);
      assert.ok(last?.type === "fill_recorded" && last.signalMarked === undefined);
      clock.now += 30 * MINUTE;
      assert.is(await mgr.isSignalProcessed("s1"), false);
    }
  });

  test("a late fill that is refused leaves a signal free", async () => {
    await using mgr = await open();
    const { id } = await admitted(mgr, { signalId: "s1", size: 1, price: 100 });
    await mgr.cancelOrder(id, { releaseSignal: true });
    const before = await stored(mgr);
    await refused(mgr.recordFill(id, { fillId: "f1", price: 100, size: 2 }), "size");
    assert.equal(await stored(mgr), before);
    assert.is(await mgr.isSignalProcessed("s1"), false);
  });

  test("the cooldown of a close that is told late begins when the position was closed", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.savePosition({ ...LONG, cooldown: "1h" });
    await mgr.savePosition({ ...LONG, id: "p2", pair: "ETH/USDT" });
    const ts = clock.now - 20 * MINUTE;
    await mgr.closePosition("p1", { pnl: -1, ts });
    await mgr.closePosition("p2", { pnl: -1, ts, cooldown: "30m" });
    assert.is((await mgr.getCooldown(PAIR))?.getTime(), ts + HOUR);
    assert.is((await mgr.getCooldown("ETH/USDT"))?.getTime(), ts + 30 * MINUTE);
  });
};
