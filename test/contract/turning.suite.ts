/** Entries that belong to a position: what adds to one, and what turns one around. And the rule of the other side. */
import * as assert from "uvu/assert";
import type { Admission, AdmissionRequest, OrderInput, PositionInput, StateManager } from "../../src/index.js";
import { admitted } from "./admission.suite.js";
import { another } from "./another.js";
import { Clock, MINUTE } from "./clock.js";
import { failure, refused } from "./expect.js";
import type { Theme } from "./open.js";
import { toldReservations } from "./reservations.js";
import { stored, storedBesidesRefusals } from "./stored.js";

const PAIR = "BTC/USDT";

const A = { id: "a", pair: PAIR, side: "long", size: 1, entryPrice: 100 } as const satisfies PositionInput;

const FLIP = { signalId: "f", orderId: "f", side: "short", size: 3, price: 110, flip: "a" } as const;

const ADDITION = { signalId: "d", orderId: "d", side: "long", size: 1, price: 90, positionId: "a" } as const;

async function reasonOf(mgr: StateManager, request: Partial<AdmissionRequest>): Promise<string> {
  const whole = { signalId: "s", pair: PAIR, side: "long", size: 1, price: 100 } as const;
  const answer: Admission = await mgr.admit({ ...whole, ...request });
  return answer.admitted ? "admitted" : answer.reason;
}

/** Slots and exposure as the flow reckons with them. Leaves it with limits that refuse every entry. */
async function takes(mgr: StateManager, slots: number, exposure: number): Promise<void> {
  const expected = { slots: `${slots}`, slotsOf: { [PAIR]: `${slots}` }, exposure: `${exposure}` };
  assert.equal(await toldReservations(mgr, [PAIR]), expected);
  await mgr.setRiskLimits({ max_open_positions: null, max_positions_per_pair: null, max_exposure: null });
}

export const additions: Theme = (test, open) => {
  test("adding to a position is admitted without a slot, by every other check", async () => {
    await using mgr = await open();
    await mgr.savePosition(A);
    await mgr.setRiskLimits({ max_exposure: 250, max_positions_per_pair: 1, max_open_positions: 1 });
    assert.is(await reasonOf(mgr, { signalId: "n", price: 90 }), "max_open_positions");
    assert.is(await reasonOf(mgr, { ...ADDITION, size: 2 }), "max_exposure");
    const order = await admitted(mgr, ADDITION);
    assert.equal([order.positionId, order.intent, order.side, order.flip], ["a", "entry", "buy", undefined]);
    await takes(mgr, 1, 190);
    const { position } = await mgr.recordFill("d", { fillId: "1", price: 90, size: 1 });
    assert.equal([position?.id, position?.size, position?.entryPrice], ["a", 2, 95]);
    await takes(mgr, 1, 190);
    await mgr.triggerCircuitBreaker("kill switch");
    assert.is(await reasonOf(mgr, { ...ADDITION, signalId: "e", orderId: "e", size: 0.1 }), "circuit_breaker");
  });

  test("every reason but the slots refuses an addition", async () => {
    await using mgr = await open();
    await mgr.savePosition(A);
    await mgr.updateDailyPnl(-10);
    await mgr.setRiskLimits({ max_open_positions: 1, max_positions_per_pair: 1, max_daily_loss: 10 });
    await mgr.triggerCircuitBreaker("kill switch");
    assert.is(await reasonOf(mgr, ADDITION), "circuit_breaker");
    await mgr.resetCircuitBreaker();
    assert.is(await reasonOf(mgr, ADDITION), "daily_loss");
    await mgr.setRiskLimits({ max_daily_loss: null, max_daily_trades: 0 });
    assert.is(await reasonOf(mgr, ADDITION), "max_daily_trades");
    await mgr.setRiskLimits({ max_daily_trades: null });
    await mgr.markSignalProcessed("seen", PAIR);
    assert.is(await reasonOf(mgr, { ...ADDITION, signalId: "seen" }), "duplicate_signal");
    await mgr.setCooldown(PAIR, "1h", { side: "long" });
    assert.is(await reasonOf(mgr, ADDITION), "cooldown");
    await mgr.clearCooldown(PAIR);
    await mgr.beginRecovery("a look");
    assert.is(await reasonOf(mgr, ADDITION), "recovering");
    await mgr.endRecovery();
    await admitted(mgr, ADDITION);
  });

  test("nothing is admitted while slots stand above a limit, an addition and a flip neither", async () => {
    await using mgr = await open();
    await mgr.savePosition(A);
    await mgr.savePosition({ ...A, id: "b" });
    await mgr.setRiskLimits({ max_open_positions: 1 });
    assert.is(await reasonOf(mgr, ADDITION), "max_open_positions");
    assert.is(await reasonOf(mgr, FLIP), "max_open_positions");
    await mgr.setRiskLimits({ max_open_positions: null, max_positions_per_pair: 1 });
    assert.is(await reasonOf(mgr, ADDITION), "max_positions_per_pair");
    await mgr.setRiskLimits({ max_positions_per_pair: 2 });
    await admitted(mgr, ADDITION);
  });

  test("what an addition names has to be an open position of its pair and side; else nothing is written", async () => {
    await using mgr = await open();
    await mgr.savePosition(A);
    await mgr.savePosition({ ...A, id: "eth", pair: "ETH/USDT" });
    await mgr.savePosition({ ...A, id: "short", side: "short" });
    await mgr.savePosition({ ...A, id: "gone" });
    await mgr.closePosition("gone", { pnl: 0 });
    const before = await stored(mgr);
    for (const positionId of ["eth", "short", "gone", "never"]) {
      await refused(mgr.admit({ pair: PAIR, ...ADDITION, positionId }), "positionId");
    }
    await refused(mgr.admit({ pair: PAIR, ...ADDITION, flip: "short" }), "flip");
    await refused(mgr.admit({ pair: PAIR, ...ADDITION, positionId: "" }), "positionId");
    const { message } = await failure(mgr.admit({ pair: PAIR, ...ADDITION, positionId: "short" }));
    assert.is(message, "positionId: expected an open long position of BTC/USDT, got short");
    assert.equal(await stored(mgr), before);
  });

  test("tp, sl, cooldown and metadata of an addition are not taken", async () => {
    await using mgr = await open();
    await mgr.savePosition({ ...A, tp: 120, metadata: { strategy: "one" } });
    const more = { tp: 1, sl: 2, cooldown: "1h", metadata: { strategy: "two" } } as const;
    const order = await admitted(mgr, { ...ADDITION, ...more, reason: "averaging", rate: 2 });
    assert.equal([order.tp, order.sl, order.cooldown, order.metadata], [undefined, undefined, undefined, undefined]);
    assert.equal([order.reason, order.rate], ["averaging", 2]);
    assert.is(await mgr.isOnCooldown(PAIR), false);
    const { position } = await mgr.recordFill("d", { fillId: "1", price: 90, size: 1 });
    assert.equal([position?.tp, position?.cooldown, position?.metadata], [120, undefined, { strategy: "one" }]);
  });

  test("cancelling an addition frees its exposure, and its signal only if nothing filled", async () => {
    await using mgr = await open();
    await mgr.savePosition(A);
    await admitted(mgr, { ...ADDITION, size: 2 });
    await admitted(mgr, { ...ADDITION, signalId: "d2", orderId: "d2", size: 2 });
    await takes(mgr, 1, 460);
    await mgr.recordFill("d2", { fillId: "1", price: 90, size: 1 });
    assert.is(await mgr.cancelOrder("d", { releaseSignal: true }), true);
    assert.is(await mgr.cancelOrder("d2", { releaseSignal: true }), true);
    assert.equal([await mgr.isSignalProcessed("d"), await mgr.isSignalProcessed("d2")], [false, true]);
    await takes(mgr, 1, 190);
  });
};

export const flips: Theme = (test, open) => {
  test("a flip reserves what is more than the side holds, and takes the slot of the position that it closes", async () => {
    await using mgr = await open({ risk: { opposite_side: "refuse" } });
    await mgr.savePosition(A);
    await mgr.setRiskLimits({ max_open_positions: 1, max_positions_per_pair: 1, max_exposure: 330 });
    await refused(mgr.admit({ pair: PAIR, ...FLIP, size: 1 }), "size");
    assert.is(await reasonOf(mgr, { ...FLIP, signalId: "g", orderId: "g", size: 3.2 }), "max_exposure");
    const order = await admitted(mgr, { ...FLIP, reason: "reversal", tp: 90, metadata: { a: 1 }, cooldown: "1m" });
    assert.equal([order.flip, order.positionId, order.intent, order.side], ["a", "a", "entry", "sell"]);
    assert.equal(
      [order.size, order.status, order.tp, order.metadata, order.cooldown],
      [3, "intent", 90, { a: 1 }, 60_000],
    );
    assert.equal(await mgr.getOrder("f"), order);
    assert.is(await mgr.isOnCooldown(PAIR, "short"), true);
    assert.is(await mgr.isSignalProcessed("f"), true);
    const event = (await mgr.getEvents()).at(-1);
    assert.ok(event?.type === "entry_admitted");
    assert.equal(event.order, order);
  });

  test("slots and exposure of a flip are those of the rest, until it is over", async () => {
    await using mgr = await open();
    await mgr.savePosition(A);
    const order = await admitted(mgr, FLIP);
    await takes(mgr, 1, 320);
    await mgr.saveOrder({ ...order, status: "open" });
    await takes(mgr, 1, 320);
    await mgr.updateOrder("f", { size: 5, price: 100 });
    await takes(mgr, 1, 500);
    await mgr.updateOrder("f", { size: 0.5 });
    await takes(mgr, 1, 100);
    await mgr.updateOrder("f", { size: 3 });
    await mgr.savePosition({ ...A, size: 2 });
    // What the side held when the flip was admitted.
    await takes(mgr, 1, 400);
    assert.is(await mgr.cancelOrder("f", { releaseSignal: true }), true);
    await takes(mgr, 1, 200);
    assert.is(await mgr.isSignalProcessed("f"), false);
  });

  test("a flip closes all that the side holds: its size is above the sum, beyond a relative 1e-9", async () => {
    await using mgr = await open();
    await mgr.savePosition({ ...A, size: 0.1 });
    await mgr.savePosition({ ...A, id: "b", size: 0.2 });
    await mgr.savePosition({ ...A, id: "other", size: 9, side: "short" });
    await mgr.savePosition({ ...A, id: "eth", size: 9, pair: "ETH/USDT" });
    const before = await stored(mgr);
    for (const size of [0.05, 0.1, 0.25, 0.3, 0.1 + 0.2, 0.3 * (1 + 9e-10)]) {
      await refused(mgr.admit({ pair: PAIR, ...FLIP, size }), "size");
    }
    const { message } = await failure(mgr.admit({ pair: PAIR, ...FLIP, size: 0.3 }));
    assert.match(message, /^size: expected more than the 0\.3 that the long side of BTC\/USDT holds, got 0\.3; /);
    assert.equal(await stored(mgr), before);
    await admitted(mgr, { ...FLIP, size: 0.3 * (1 + 2e-9) });
    const order = await admitted(mgr, { ...FLIP, signalId: "g", orderId: "g", size: 0.5, price: 1000, flip: "b" });
    assert.is(order.positionId, "b");
    // 0.2 of it beyond the 0.3 that the longs hold.
    const { entries } = await mgr.exportFlow();
    const { closes, notional }: { closes?: number; notional?: string } = JSON.parse(
      entries["orders:pending"].find(([id]) => id === "g")?.[1] ?? "{}",
    );
    assert.equal([closes, notional], [0.3, "200"]);
  });

  test("what a flip names has to be an open position of the pair's other side; else nothing is written", async () => {
    await using mgr = await open();
    await mgr.savePosition(A);
    await mgr.savePosition({ ...A, id: "eth", pair: "ETH/USDT" });
    await mgr.savePosition({ ...A, id: "short", side: "short" });
    const before = await stored(mgr);
    for (const flip of ["eth", "short", "never"]) await refused(mgr.admit({ pair: PAIR, ...FLIP, flip }), "flip");
    await refused(mgr.admit({ pair: PAIR, ...FLIP, flip: "" }), "flip");
    await refused(mgr.admit({ pair: PAIR, ...FLIP, positionId: "short" }), "flip");
    assert.equal(await stored(mgr), before);
  });

  test("a signal that was won by another process's flip is a duplicate, also when the position is gone", async () => {
    await using mgr = await open();
    await using second = await another(mgr, open);
    await mgr.savePosition(A);
    await admitted(mgr, FLIP);
    assert.is(await reasonOf(second.other, FLIP), "duplicate_signal");
    await mgr.closePosition("a", { pnl: 10 });
    assert.is(await reasonOf(second.other, FLIP), "duplicate_signal");
  });

  test("only admit makes a flip: saving one says again what is stored, or is refused", async () => {
    await using mgr = await open();
    await mgr.savePosition(A);
    const order = await admitted(mgr, FLIP);
    const entry = { id: "o1", pair: PAIR, side: "sell", size: 3, price: 110 } as const satisfies OrderInput;
    await mgr.saveOrder({ ...entry, id: "o2" });
    const before = await stored(mgr);
    for (const id of ["o1", "o2"]) await refused(mgr.saveOrder({ ...entry, id, flip: "a" }), "flip");
    await refused(mgr.saveOrder({ ...order, flip: "b" }), "flip");
    assert.equal(await stored(mgr), before);
    const open_ = await mgr.saveOrder({ ...order, status: "open" });
    assert.equal(open_, { ...order, status: "open", version: 2 });
    const { flip, positionId, ...unsaid } = order;
    const saved = await mgr.saveOrder({ ...unsaid, status: "open", price: 111 });
    assert.equal([saved.flip, saved.positionId, saved.version], [flip, positionId, 3]);
    // The flip's 2 at 111 beyond the position's 100, and the other order's 3 at 110.
    await takes(mgr, 2, 652);
  });
};

/** Entered by a fill, so that it ends as a trade. */
async function entered(mgr: StateManager, id: string, price: number, more: { size?: number; ts?: number } = {}) {
  const { size = 1, ...rest } = more;
  await mgr.saveOrder({ id, pair: PAIR, side: "buy", size, price });
  await mgr.recordFill(id, { fillId: `${id}-in`, price, size, ...rest });
}

export const flipFills: Theme = (test, open) => {
  test("a fill of a flip closes the position and opens the rest, with the fee split by size", async () => {
    await using mgr = await open();
    await entered(mgr, "a", 100);
    await mgr.setRiskLimits({ max_open_positions: 1 });
    await admitted(mgr, { ...FLIP, tp: 80, sl: 130, metadata: { strategy: "turn" }, reason: "reversal" });
    const fill = await mgr.recordFill("f", { fillId: "1", price: 110, size: 3, fee: 0.33 });
    // 10 - 0.11 for the long, -0.22 for the short
    assert.equal([fill.booked, fill.risk.dailyPnl, fill.risk.dailyTrades], [9.67, 9.67, 1]);
    assert.equal([fill.order?.status, fill.order?.positionId, fill.order?.flip], ["filled", "f", "a"]);
    const [trade] = await mgr.getTrades();
    assert.equal([trade?.id, trade?.pnl, trade?.fees, trade?.reason], ["a", 9.89, 0.11, "reversal"]);
    const [short, ...others] = await mgr.getPositions();
    assert.equal(others, []);
    assert.equal([short?.id, short?.side, short?.size, short?.entryPrice], ["f", "short", 2, 110]);
    assert.equal([short?.realised, short?.fees], [-0.22, 0.22]);
    assert.equal([short?.tp, short?.sl, short?.metadata], [80, 130, { strategy: "turn" }]);
    assert.equal(await mgr.getPendingOrders(), []);
    await takes(mgr, 1, 220);
  });

  test("a flip in parts closes the named one, then the others of that side, then opens; its exposure is that of the rest", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await entered(mgr, "b", 100, { ts: clock.now - MINUTE });
    await entered(mgr, "a", 105);
    await admitted(mgr, { ...FLIP, size: 4 });
    await takes(mgr, 2, 205 + 220);

    const first = await mgr.recordFill("f", { fillId: "1", price: 110, size: 1 });
    assert.is(first.booked, 5);
    assert.equal(
      (await mgr.getPositions()).map(({ id }) => id),
      ["b"],
    );
    await takes(mgr, 2, 100 + 220);

    const second = await mgr.recordFill("f", { fillId: "2", price: 110, size: 2 });
    assert.is(second.booked, 10);
    assert.equal(
      (await mgr.getPositions()).map(({ id, side, size }) => [id, side, size]),
      [["f", "short", 1]],
    );
    await takes(mgr, 1, 110 + 110);

    const third = await mgr.recordFill("f", { fillId: "3", price: 112, size: 1 });
    assert.is(third.booked, 0);
    assert.equal(
      (await mgr.getPositions()).map(({ id, size, entryPrice }) => [id, size, entryPrice]),
      [["f", 2, 111]],
    );
    assert.equal(
      (await mgr.getTrades()).map(({ id, pnl }) => [id, pnl]),
      [
        ["a", 5],
        ["b", 10],
      ],
    );
    assert.equal(await mgr.getPendingOrders(), []);
    await takes(mgr, 1, 222);
  });

  test("what a flip fills is booked even when breaker and limits have changed since", async () => {
    await using mgr = await open();
    await entered(mgr, "a", 100);
    await admitted(mgr, { ...FLIP, size: 2 });
    await mgr.triggerCircuitBreaker("kill switch");
    await mgr.setRiskLimits({ max_open_positions: 0, max_exposure: 0 });
    const fill = await mgr.recordFill("f", { fillId: "1", price: 110, size: 2 });
    assert.equal([fill.booked, fill.order?.status], [10, "filled"]);
    assert.equal(
      (await mgr.getPositions()).map(({ id, side, size }) => [id, side, size]),
      [["f", "short", 1]],
    );
  });

  test("a flip that fills nothing but the close leaves nothing open, and its slot with the rest until it is cancelled", async () => {
    await using mgr = await open();
    await entered(mgr, "a", 100);
    await admitted(mgr, FLIP);
    await mgr.recordFill("f", { fillId: "1", price: 110, size: 1 });
    assert.equal(await mgr.getPositions(), []);
    const pending = await mgr.getOrder("f");
    assert.equal([pending?.flip, pending?.positionId, pending?.filled], ["a", "a", 1]);
    await takes(mgr, 1, 220);
    assert.is(await mgr.cancelOrder("f", { releaseSignal: true }), true);
    assert.is(await mgr.isSignalProcessed("f"), true);
    await takes(mgr, 0, 0);
  });

  test("the answer of a flip's submit, late, does not undo what its fills did", async () => {
    await using mgr = await open();
    await entered(mgr, "a", 100);
    const order = await admitted(mgr, FLIP);
    await mgr.recordFill("f", { fillId: "1", price: 110, size: 1 });
    const between = await mgr.saveOrder({ ...order, status: "open" });
    assert.equal([between.positionId, between.status, between.filled], ["a", "partially_filled", 1]);
    await mgr.recordFill("f", { fillId: "2", price: 110, size: 1 });
    const late = await mgr.saveOrder({ ...order, status: "open" });
    assert.equal([late.positionId, late.status, late.filled], ["f", "partially_filled", 2]);
    await takes(mgr, 1, 220);
  });

  test("a flip whose position was closed otherwise takes a slot of its own", async () => {
    await using mgr = await open();
    await mgr.savePosition(A);
    const order = await admitted(mgr, FLIP);
    await mgr.removePosition("a");
    await takes(mgr, 1, 220);
    await mgr.saveOrder({ ...order, status: "open" });
    await takes(mgr, 1, 220);
  });
};

export const otherSide: Theme = (test, open) => {
  const REFUSE = { risk: { opposite_side: "refuse" } } as const;
  const SHORT = { signalId: "s", side: "short" } as const;

  test("an entry against an open position of its pair is refused only where risk.opposite_side says so", async () => {
    await using mgr = await open();
    await mgr.savePosition(A);
    await admitted(mgr, { ...SHORT, size: 1, price: 100 });

    await using strict = await open(REFUSE);
    await strict.savePosition(A);
    const before = await storedBesidesRefusals(strict);
    const answer = await strict.admit({ pair: PAIR, size: 1, price: 100, ...SHORT });
    assert.equal(answer, {
      admitted: false,
      reason: "opposite_side",
      message: "BTC/USDT has a long position or entry, and risk.opposite_side is refuse",
    });
    assert.equal(await storedBesidesRefusals(strict), before);
    assert.is(await reasonOf(strict, { ...SHORT, pair: "ETH/USDT" }), "admitted");
    assert.is(await reasonOf(strict, { signalId: "long" }), "admitted");
    await strict.closePosition("a", { pnl: 0 });
    await strict.cancelOrder((await strict.getPendingOrders()).find(({ pair }) => pair === PAIR)?.id ?? "");
    assert.is(await reasonOf(strict, { ...SHORT, signalId: "s2" }), "admitted");
  });

  test("a pending entry counts as its side, an exit does not, and both only while they are pending", async () => {
    await using mgr = await open(REFUSE);
    await mgr.savePosition({ ...A, id: "eth", pair: "ETH/USDT", side: "short" });
    await mgr.saveOrder({ id: "x", pair: "ETH/USDT", side: "buy", size: 1, intent: "exit", positionId: "eth" });
    assert.is(await reasonOf(mgr, { ...SHORT, pair: "ETH/USDT" }), "admitted");
    const { id } = await admitted(mgr, { signalId: "long" });
    assert.is(await reasonOf(mgr, { ...SHORT, signalId: "s2" }), "opposite_side");
    await mgr.updateOrder(id, { status: "rejected" });
    assert.is(await reasonOf(mgr, { ...SHORT, signalId: "s2" }), "admitted");
  });

  test("a position that changes its side counts as the other one from then on", async () => {
    await using mgr = await open(REFUSE);
    await mgr.savePosition(A);
    await mgr.updatePosition("a", { side: "short" });
    assert.is(await reasonOf(mgr, SHORT), "admitted");
    assert.is(await reasonOf(mgr, { signalId: "long" }), "opposite_side");
    await mgr.savePosition(A);
    await mgr.cancelOrder((await mgr.getPendingOrders())[0]?.id ?? "");
    assert.is(await reasonOf(mgr, { signalId: "long" }), "admitted");
  });

  test("additions and flips are entries of their side too: a pending flip refuses what it is about to turn against", async () => {
    await using mgr = await open(REFUSE);
    await mgr.savePosition(A);
    await admitted(mgr, FLIP);
    assert.is(await reasonOf(mgr, { signalId: "long" }), "opposite_side");
    assert.is(await reasonOf(mgr, ADDITION), "opposite_side");
    await mgr.cancelOrder("f");
    await admitted(mgr, ADDITION);
    assert.is(await reasonOf(mgr, SHORT), "opposite_side");
    await mgr.cancelOrder("d");
    await mgr.removePosition("a");
    assert.is(await reasonOf(mgr, SHORT), "admitted");
  });

  test("the rule is the caller's own: another bot of the flow may have another", async () => {
    await using mgr = await open(REFUSE);
    await using second = await another(mgr, open);
    await mgr.savePosition(A);
    assert.is(await reasonOf(mgr, SHORT), "opposite_side");
    const alike = second.other === mgr;
    assert.is(await reasonOf(second.other, SHORT), alike ? "opposite_side" : "admitted");
  });
};
