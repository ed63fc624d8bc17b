import * as assert from "uvu/assert";
import type { StateManager as Manager, OrderStatus } from "../../src/index.js";
import { admitted } from "./admission.suite.js";
import { Clock, DAY } from "./clock.js";
import { failure, refused } from "./expect.js";
import type { Theme } from "./open.js";
import { derivedReservations, toldReservations } from "./reservations.js";
import { BUY } from "./samples.js";
import { stored } from "./stored.js";

const PAIR = BUY.pair;

const STATUSES: readonly OrderStatus[] = [
  "intent",
  "submitted",
  "open",
  "partially_filled",
  "unknown",
  "filled",
  "cancelled",
  "rejected",
];

const PENDING: readonly OrderStatus[] = ["intent", "submitted", "open", "partially_filled", "unknown"];

/** What an order may become; it may stay what it is, too. */
const NEXT: Readonly<Record<OrderStatus, string>> = {
  intent: "submitted open partially_filled filled cancelled rejected unknown",
  submitted: "open partially_filled filled cancelled rejected unknown",
  open: "partially_filled filled cancelled rejected unknown",
  partially_filled: "filled cancelled unknown",
  unknown: "submitted open partially_filled filled cancelled rejected",
  filled: "",
  cancelled: "",
  rejected: "",
};

export const orderLife: Theme = (test, open) => {
  for (const from of STATUSES) {
    const may: readonly string[] = [from, ...NEXT[from].split(" ")];

    test(`an order that is ${from} becomes what may follow and nothing else; the error names both states`, async () => {
      await using mgr = await open();
      for (const to of STATUSES) {
        const order = { ...BUY, id: `${from} to ${to}` };
        await mgr.saveOrder({ ...order, status: from });
        const before = await stored(mgr);
        const step = mgr.saveOrder({ ...order, status: to });
        if (may.includes(to)) {
          assert.is((await step).status, to);
          assert.is((await mgr.getOrder(order.id))?.status, PENDING.includes(to) ? to : undefined);
        } else {
          const { message } = await failure(step);
          assert.is(message, `status: order ${order.id} is ${from}, it cannot become ${to}`);
          await refused(mgr.saveOrder({ ...order, status: to }), "status");
          assert.equal(await stored(mgr), before);
        }
      }
      const pending = await mgr.getPendingOrders();
      const { slots, exposure } = await toldReservations(mgr, [PAIR]);
      assert.is(slots, `${pending.length}`);
      assert.is(exposure, `${pending.length * BUY.size * BUY.price}`);
    });
  }

  test("an order that is over is no longer pending, and gives back what it reserved", async () => {
    for (const status of ["filled", "cancelled", "rejected"] as const) {
      await using mgr = await open({ risk: { max_open_positions: 1, max_exposure: 500 } });
      const order = await admitted(mgr);
      assert.is((await mgr.admit({ signalId: "s2", pair: PAIR, side: "long", size: 1, price: 1 })).admitted, false);
      await mgr.saveOrder({ ...order, status });
      assert.equal(await mgr.getPendingOrders(), []);
      assert.is(await mgr.getOrder(order.id), undefined);
      await admitted(mgr, { signalId: "s2" });
    }
  });

  test("an order whose submit timed out keeps its slot and its exposure until there is evidence", async () => {
    await using mgr = await open({ risk: { max_open_positions: 1, max_exposure: 500 } });
    const order = await admitted(mgr);
    await mgr.saveOrder({ ...order, status: "submitted" });
    const unknown = await mgr.saveOrder({ ...order, status: "unknown" });
    assert.equal(await mgr.getPendingOrders(), [unknown]);
    const answer = await mgr.admit({ signalId: "s2", pair: "ETH/USDT", side: "long", size: 1, price: 1 });
    assert.is(answer.admitted || answer.reason, "max_open_positions");
    await mgr.saveOrder({ ...order, status: "rejected" });
    await admitted(mgr, { signalId: "s2" });
  });

  test("a fill is evidence: an unknown order becomes partially filled, then filled", async () => {
    await using mgr = await open();
    const order = await admitted(mgr, { size: 1, price: 10 });
    await mgr.saveOrder({ ...order, status: "unknown" });
    const first = await mgr.recordFill(order.id, { fillId: "f1", price: 10, size: 0.4 });
    assert.equal([first.order?.status, first.order?.filled], ["partially_filled", 0.4]);
    const second = await mgr.recordFill(order.id, { fillId: "f2", price: 10, size: 0.6 });
    assert.equal([second.order?.status, second.order?.filled], ["filled", 1]);
    assert.equal(await mgr.getPendingOrders(), []);
  });

  test("a fill that comes before the answer of the submit is not undone by the answer, nor by its absence", async () => {
    for (const status of ["submitted", "open", "unknown"] as const) {
      await using mgr = await open({ risk: { max_open_positions: 2, max_exposure: 250 } });
      const order = await admitted(mgr, { size: 1, price: 100 });
      await mgr.recordFill(order.id, { fillId: "ws1", price: 100, size: 0.6 });
      const told = await mgr.saveOrder({ ...order, status });
      assert.equal([told.status, told.filled, told.positionId], ["partially_filled", 0.6, order.id]);
      // 0.6 x 100 open and 0.4 x 100 pending, of one trade.
      const one = { slots: "1", slotsOf: { [PAIR]: "1" }, exposure: "100" };
      assert.equal(await derivedReservations(mgr, [PAIR]), one);
      await admitted(mgr, { signalId: "s2", pair: "ETH/USDT", size: 1, price: 150 });
      const last = await mgr.recordFill(order.id, { fillId: "ws2", price: 100, size: 0.4 });
      assert.equal([last.order?.status, last.order?.filled, last.position?.size], ["filled", 1, 1]);
      const before = await stored(mgr);
      const late = await mgr.saveOrder({ ...order, status });
      assert.equal([late.status, late.filled], ["filled", 1]);
      assert.equal(await stored(mgr), before);
    }
  });

  test("an entry that lost its position keeps its slot, whatever a stale write says", async () => {
    await using mgr = await open();
    const order = await admitted(mgr, { size: 2, price: 100 });
    await mgr.recordFill(order.id, { fillId: "f1", price: 100, size: 1 });
    const seen = await mgr.getOrder(order.id);
    assert.is(seen?.positionId, order.id);
    await mgr.closePosition(order.id, { pnl: 0 });
    const late = await mgr.saveOrder({ ...order, positionId: order.id, status: "open" });
    assert.equal([late.positionId, late.filled], [order.id, 1]);
    assert.equal(await toldReservations(mgr, [PAIR]), { slots: "1", slotsOf: { [PAIR]: "1" }, exposure: "100" });

    // Its next position has a name of its own, of which that write does not know either.
    const { positions } = await mgr.recordFill(order.id, { fillId: "f2", price: 100, size: 0.5 });
    const [next] = positions;
    const later = await mgr.saveOrder({ ...order, positionId: order.id, status: "open" });
    assert.equal([later.positionId, later.filled], [next?.id, 1.5]);
    assert.is.not(next?.id, order.id);
    await refused(mgr.saveOrder({ ...order, positionId: "p1", status: "open" }), "positionId");
  });

  test("cancelling an order says whether there was one to cancel", async () => {
    await using mgr = await open();
    await mgr.saveOrder(BUY);
    await mgr.saveOrder({ ...BUY, id: "done", status: "filled" });
    assert.is(await mgr.cancelOrder("o1"), true);
    const before = await stored(mgr);
    for (const id of ["o1", "done", "never"]) assert.is(await mgr.cancelOrder(id, { releaseSignal: true }), false);
    assert.equal(await stored(mgr), before);
    assert.equal(await mgr.getPendingOrders(), []);
  });

  test("every order that is pending can be cancelled", async () => {
    await using mgr = await open();
    for (const status of PENDING) {
      await mgr.saveOrder({ ...BUY, id: status, status });
      assert.is(await mgr.cancelOrder(status), true);
    }
    assert.equal(await toldReservations(mgr, [PAIR]), { slots: "0", slotsOf: { [PAIR]: "0" }, exposure: "0" });
  });

  test("a cancelled entry gives back slot and exposure, and keeps its signal", async () => {
    await using mgr = await open({ risk: { max_open_positions: 1, max_exposure: 500 } });
    const { id } = await admitted(mgr);
    assert.is(await mgr.cancelOrder(id), true);
    assert.is(await mgr.isSignalProcessed("s1"), true);
    await admitted(mgr, { signalId: "s2" });
  });

  test("a cancelled entry gives back its signal, too, when it is asked to", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_open_positions: 1, max_exposure: 500 } }, { clock: clock.read });
    await mgr.markSignalProcessed("s0", PAIR);
    const { id } = await admitted(mgr);
    assert.is(await mgr.cancelOrder(id, { releaseSignal: true }), true);
    assert.is(await mgr.isSignalProcessed("s1"), false);
    assert.equal((await mgr.getSignalState()).recentSignalIds, ["s0"]);
    await admitted(mgr);
  });

  test("the signal of an entry that was partly filled stays used; what was filled stays open", async () => {
    await using mgr = await open();
    const { id } = await admitted(mgr, { size: 1, price: 100 });
    await mgr.recordFill(id, { fillId: "f1", price: 100, size: 0.25 });
    assert.is(await mgr.cancelOrder(id, { releaseSignal: true }), true);
    assert.is(await mgr.isSignalProcessed("s1"), true);
    assert.is((await mgr.getPosition(id))?.size, 0.25);
    assert.equal(await toldReservations(mgr, [PAIR]), { slots: "1", slotsOf: { [PAIR]: "1" }, exposure: "25" });
  });

  test("an order without a signal is cancelled as well when it is asked to release it", async () => {
    await using mgr = await open();
    await mgr.saveOrder(BUY);
    assert.is(await mgr.cancelOrder("o1", { releaseSignal: true }), true);
  });

  test("a removed order gives back what it reserved", async () => {
    await using mgr = await open({ risk: { max_open_positions: 1, max_exposure: 500 } });
    const { id } = await admitted(mgr);
    assert.is(await mgr.removeOrder(id), true);
    await admitted(mgr, { signalId: "s2" });
  });

  test("an order that is over is remembered for seven days: a late fill finds it, and then no longer", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.saveOrder({ ...BUY, status: "cancelled" });
    clock.now += 7 * DAY - 1;
    await mgr.saveOrder({ ...BUY, id: "o2", status: "cancelled" });
    assert.is((await mgr.recordFill("o1", { fillId: "f1", price: 40_000, size: 0.1 })).applied, true);
    clock.now += 1;
    await mgr.saveOrder({ ...BUY, id: "o3", status: "cancelled" });
    await refused(mgr.recordFill("o1", { fillId: "f2", price: 40_000, size: 0.1 }), "orderId");
    assert.is((await mgr.recordFill("o2", { fillId: "f1", price: 40_000, size: 0.1 })).applied, true);
  });

  test("an id that was forgotten may be used again, one that is remembered stays what it became", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.saveOrder({ ...BUY, status: "rejected" });
    await refused(mgr.saveOrder({ ...BUY, status: "intent" }), "status");
    clock.now += 8 * DAY;
    await mgr.saveOrder({ ...BUY, id: "o2", status: "rejected" });
    assert.is((await mgr.saveOrder({ ...BUY, status: "intent" })).status, "intent");
  });

  test("a new order of a forgotten name has none of the old one's fills: each is booked, once, whatever the clock says", async () => {
    for (const [how, back] of Object.entries({ "on time": 0, "with a clock that steps back": 9 * DAY })) {
      const clock = new Clock();
      await using mgr = await open({}, { clock: clock.read });
      const exit = { id: "exit-1", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "p1" } as const;
      const position = { id: "p1", pair: PAIR, side: "long", size: 1, entryPrice: 100 } as const;
      for (const round of [1, 2, 3]) {
        await mgr.savePosition({ ...position, size: 2 });
        await mgr.saveOrder({ ...exit, size: 2 });
        assert.equal(await mgr.getRecordedFills([{ orderId: exit.id, fillId: "x-1" }]), [false], how);
        clock.now -= back;
        const first = await mgr.recordFill(exit.id, { fillId: "x-1", price: 90, size: 1 });
        assert.equal(
          [first.applied, first.position?.size, first.order?.filled],
          [true, 1, 1],
          `${how}, round ${round}`,
        );
        assert.equal(await mgr.getRecordedFills([{ orderId: exit.id, fillId: "x-1" }]), [true], how);
        const again = await mgr.recordFill(exit.id, { fillId: "x-1", price: 90, size: 1 });
        assert.equal([again.applied, again.position?.size], [false, 1]);
        await mgr.saveOrder({ ...exit, size: 2 });
        assert.is((await mgr.recordFill(exit.id, { fillId: "x-1", price: 90, size: 1 })).applied, false);
        const last = await mgr.recordFill(exit.id, { fillId: "x-2", price: 90, size: 1 });
        assert.equal([last.applied, last.order?.status], [true, "filled"]);
        clock.now += back + 8 * DAY;
        await mgr.saveOrder({ ...BUY, id: `other-${round}`, status: "cancelled" });
      }
    }
  });

  test("an entry that is admitted under a forgotten name is filled by fills of the old one's names, in the same millisecond too", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const entry = { orderId: "e-1", size: 1, price: 100 };
    await admitted(mgr, entry);
    await mgr.recordFill("e-1", { fillId: "f-1", price: 100, size: 0.4 });
    await mgr.removeOrder("e-1");
    await mgr.removePosition("e-1");
    await admitted(mgr, { ...entry, signalId: "s2" });
    const fill = await mgr.recordFill("e-1", { fillId: "f-1", price: 100, size: 0.7 });
    assert.equal([fill.applied, fill.position?.size], [true, 0.7]);
    assert.is((await mgr.recordFill("e-1", { fillId: "f-1", price: 100, size: 0.7 })).applied, false);
  });

  test("the rest of an entry takes a slot again when its position is closed, removed or flat before it is filled", async () => {
    const ways = {
      closed: (id: string) => (mgr: Manager) => mgr.closePosition(id, { pnl: 1 }),
      removed: (id: string) => (mgr: Manager) => mgr.removePosition(id),
      flat: (id: string) => async (mgr: Manager) => {
        await mgr.saveOrder({ ...BUY, id: "exit", side: "sell", size: 0.25, intent: "exit", positionId: id });
        await mgr.recordFill("exit", { fillId: "x1", price: 100, size: 0.25 });
      },
    };
    for (const [how, way] of Object.entries(ways)) {
      await using mgr = await open({ risk: { max_open_positions: 1, max_positions_per_pair: 1 } });
      const { id } = await admitted(mgr, { size: 1, price: 100 });
      const { order } = await mgr.recordFill(id, { fillId: "f1", price: 100, size: 0.25 });
      assert.is(order?.positionId, id);
      await way(id)(mgr);
      assert.is(await mgr.getPosition(id), undefined, how);
      // It is replaced only by the position that a later fill opens.
      assert.is((await mgr.getOrder(id))?.positionId, id);
      const answer = await mgr.admit({ signalId: "s2", pair: PAIR, side: "long", size: 1, price: 1 });
      assert.is(answer.admitted || answer.reason, "max_open_positions", how);
      await mgr.recordFill(id, { fillId: "f2", price: 100, size: 0.75 });
      assert.equal(
        (await mgr.getPositions()).map((position) => [position.id, position.size]),
        [[`${id}~2`, 0.75]],
        how,
      );
      const derived = await derivedReservations(mgr, [PAIR]);
      assert.equal(derived, { slots: "1", slotsOf: { [PAIR]: "1" }, exposure: "75" });
      assert.equal(await toldReservations(mgr, [PAIR]), derived);
    }
  });
};
