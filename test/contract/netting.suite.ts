/** Exit fills that are more than their position, as an exchange that nets a pair's positions has them. */
import * as assert from "uvu/assert";
import type { OrderInput, PositionInput, StateManager } from "../../src/index.js";
import { Clock, HOUR, MINUTE } from "./clock.js";
import { refused } from "./expect.js";
import type { Theme } from "./open.js";
import { toldReservations } from "./reservations.js";
import { stored } from "./stored.js";

const PAIR = "BTC/USDT";

const EXIT = { id: "out", pair: PAIR, side: "sell", size: 2, intent: "exit" } as const satisfies OrderInput;

/** Longs of 1 at 100 (a), 1 at 110 (b) and 1 at 120 (c), each a minute younger than the one before. */
async function longs(mgr: StateManager, at: number, more: Partial<PositionInput> = {}): Promise<void> {
  for (const [i, id] of ["a", "b", "c"].entries()) {
    const entryTs = at - HOUR + i * MINUTE;
    await mgr.savePosition({ id, pair: PAIR, side: "long", size: 1, entryPrice: 100 + 10 * i, entryTs, ...more });
  }
}

async function sizes(mgr: StateManager): Promise<Record<string, number>> {
  return Object.fromEntries((await mgr.getPositions()).map(({ id, size }) => [id, size]));
}

export const netting: Theme = (test, open) => {
  test("what an exit's own position does not hold reduces the others, oldest first, each with its part of the fee", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await longs(mgr, clock.now);
    await mgr.saveOrder({ ...EXIT, size: 2.5, positionId: "b" });
    const fill = await mgr.recordFill("out", { fillId: "x1", price: 90, size: 2.5, fee: 0.1 });
    // b -20 - 0.04, a -10 - 0.04, half of c -15 - 0.02
    assert.equal(
      [fill.booked, fill.risk.dailyPnl, fill.risk.dailyTrades, fill.risk.consecutiveLosses],
      [-45.1, -45.1, 2, 2],
    );
    assert.equal(
      [fill.position, fill.positions.map(({ id, size }) => [id, size]), fill.over],
      [undefined, [["c", 0.5]], undefined],
    );
    assert.equal([fill.order?.status, fill.order?.positionId], ["filled", "b"]);
    assert.equal(await sizes(mgr), { c: 0.5 });
    const event = (await mgr.getEvents()).at(-1);
    assert.ok(event?.type === "fill_recorded");
    assert.equal([event.positionId, event.position, event.size, event.pnl], ["b", undefined, 2.5, -45.1]);
    assert.equal(
      event.others?.map(({ positionId, size, pnl, position }) => [positionId, size, pnl, position?.size]),
      [
        ["a", 1, -10.04, undefined],
        ["c", 0.5, -15.02, 0.5],
      ],
    );
    const again = await mgr.recordFill("out", { fillId: "x1", price: 90, size: 2.5, fee: 0.1 });
    assert.equal([again.applied, again.booked, again.positions], [false, 0, []]);
    assert.equal(await toldReservations(mgr, [PAIR]), { slots: "1", slotsOf: { [PAIR]: "1" }, exposure: "60" });
  });

  test("parts of a fee are rounded to 8 places, and the last takes the rest", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await longs(mgr, clock.now, { entryPrice: 100 });
    await mgr.saveOrder({ ...EXIT, size: 3, positionId: "a" });
    const { booked } = await mgr.recordFill("out", { fillId: "x1", price: 100, size: 3, fee: 1 });
    assert.is(booked, -1);
    const event = (await mgr.getEvents()).at(-1);
    assert.ok(event?.type === "fill_recorded");
    assert.equal(
      event.others?.map(({ pnl }) => pnl),
      [-0.33333333, -0.33333334],
    );
  });

  test("an exit that names no position goes to the pair's positions of that side, oldest first, then by id", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const entryTs = clock.now;
    for (const id of ["b", "B", "a"])
      await mgr.savePosition({ id, pair: PAIR, side: "short", size: 1, entryPrice: 100, entryTs });
    await mgr.savePosition({ id: "long", pair: PAIR, side: "long", size: 1, entryPrice: 100, entryTs });
    await mgr.savePosition({ id: "other", pair: "BTC/USDT:USDT", side: "short", size: 1, entryPrice: 100, entryTs });
    await mgr.saveOrder({ ...EXIT, side: "buy" });
    const fill = await mgr.recordFill("out", { fillId: "x1", price: 90, size: 1.5 });
    assert.equal([fill.booked, fill.order?.positionId], [15, undefined]);
    assert.equal(await sizes(mgr), { a: 0.5, b: 1, long: 1, other: 1 });
  });

  test("what no position holds is told as over, and an exit of which nothing fits is refused", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await longs(mgr, clock.now);
    await mgr.saveOrder({ ...EXIT, size: 5, positionId: "a" });
    const fill = await mgr.recordFill("out", { fillId: "x1", price: 130, size: 4, fee: 0.3 });
    assert.equal([fill.over, fill.booked, fill.order?.filled, fill.positions], [1, 30 + 20 + 10 - 0.3, 4, []]);
    const event = (await mgr.getEvents()).at(-1);
    assert.ok(event?.type === "fill_recorded" && event.over === 1);
    await mgr.saveOrder({ ...EXIT, id: "unnamed" });
    const before = await stored(mgr);
    await refused(mgr.recordFill("out", { fillId: "x2", price: 130, size: 1 }), "orderId");
    await refused(mgr.recordFill("unnamed", { fillId: "x1", price: 130, size: 1 }), "orderId");
    assert.equal(await stored(mgr), before);
  });

  test("an exit of a position that is not open goes on to others only when fills of its own used it up", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await longs(mgr, clock.now);
    await mgr.saveOrder({ ...EXIT, id: "early", positionId: "not yet" });
    await mgr.saveOrder({ ...EXIT, positionId: "a" });
    const before = await stored(mgr);
    await refused(mgr.recordFill("early", { fillId: "x1", price: 90, size: 1 }), "orderId");
    assert.equal(await stored(mgr), before);
    await mgr.recordFill("out", { fillId: "x1", price: 90, size: 1 });
    const { booked, position } = await mgr.recordFill("out", { fillId: "x2", price: 90, size: 0.5 });
    assert.equal([booked, position?.id, position?.size], [-10, "b", 0.5]);
    assert.equal(await sizes(mgr), { b: 0.5, c: 1 });
  });

  test("the breaker is evaluated once after all trades, and the longest cooldown holds", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_consecutive_losses: 1 } }, { clock: clock.read });
    await longs(mgr, clock.now);
    await mgr.updatePosition("a", { entryPrice: 200 });
    for (const [id, cooldown] of [
      ["a", "2h"],
      ["b", "1h"],
    ] as const) {
      const position = await mgr.getPosition(id);
      assert.ok(position);
      const { version: _, ...rest } = position;
      await mgr.savePosition({ ...rest, cooldown });
    }
    await mgr.saveOrder(EXIT);
    // a loses 85, b wins 5: the streak is over again when the breaker is asked
    const { risk, tripped } = await mgr.recordFill("out", { fillId: "x1", price: 115, size: 2 });
    assert.equal([risk.dailyPnl, risk.dailyTrades, risk.consecutiveLosses, tripped], [-80, 2, 0, false]);
    assert.is((await mgr.getCooldown(PAIR))?.getTime(), clock.now + 2 * HOUR);
  });

  test("a rest of rounding reduces nothing else, and a smaller one than the pair's sizes is booked", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await longs(mgr, clock.now);
    await mgr.saveOrder({ ...EXIT, positionId: "a" });
    await mgr.recordFill("out", { fillId: "x1", price: 90, size: 1.0000000009 });
    assert.equal(await sizes(mgr), { b: 1, c: 1 });
    await mgr.saveOrder({ ...EXIT, id: "next", positionId: "b" });
    await mgr.recordFill("next", { fillId: "x1", price: 90, size: 1.25 });
    assert.equal(await sizes(mgr), { c: 0.75 });
  });
};
