import * as assert from "uvu/assert";
import { InvalidArgumentError, type OrderStatus } from "../../src/index.js";
import { Clock, NOON } from "./clock.js";
import { failure, refused, sameDouble } from "./expect.js";
import type { Theme } from "./open.js";
import { BUY, DOUBLES, EXOTIC_NAMES } from "./samples.js";
import { stored } from "./stored.js";

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
const OVER: readonly OrderStatus[] = ["filled", "cancelled", "rejected"];

/** What an order may become after each of its states. */
const NEXT: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  intent: STATUSES,
  submitted: ["submitted", "open", "partially_filled", "unknown", ...OVER],
  open: ["open", "partially_filled", "unknown", ...OVER],
  partially_filled: ["partially_filled", "unknown", "filled", "cancelled"],
  unknown: STATUSES.filter((status) => status !== "intent"),
  filled: ["filled"],
  cancelled: ["cancelled"],
  rejected: ["rejected"],
};

export const orders: Theme = (test, open) => {
  test("an order comes back as it was saved", async () => {
    await using mgr = await open();
    const order = {
      ...BUY,
      orderType: "stop_limit",
      status: "partially_filled",
      createdAt: new Date(NOON),
      filled: 0.2,
      intent: "exit",
      positionId: "p1",
      signalId: "s1",
      tp: 45_000,
      sl: 38_000,
      cooldown: 60_000,
      metadata: { strategy: "breakout", tags: [] },
      reason: "sl",
      rate: 1.25,
      version: 1,
    } as const;
    const given = { ...order, cooldown: "1m", metadata: { ...order.metadata, tags: [] }, version: 7 } as const;
    assert.equal(await mgr.saveOrder(given), order);
    assert.equal(await mgr.getOrder("o1"), order);
    assert.equal(await mgr.getPendingOrders(), [order]);
  });

  test("an order with a price is an open limit entry made now, unless it says otherwise", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const saved = await mgr.saveOrder(BUY);
    const expected = { orderType: "limit", status: "open", createdAt: new Date(NOON), filled: 0, intent: "entry" };
    assert.equal(saved, { ...BUY, ...expected, version: 1 });
    assert.equal(await mgr.getOrder("o1"), saved);
  });

  test("an order without a price is a market order, its price null", async () => {
    await using mgr = await open();
    const { price: _, ...unpriced } = BUY;
    for (const order of [unpriced, { ...BUY, price: null }]) {
      const saved = await mgr.saveOrder(order);
      assert.is(saved.price, null);
      assert.is(saved.orderType, "market");
      assert.equal(await mgr.getOrder("o1"), saved);
    }
  });

  test("saving an order again replaces what is given, and keeps what is known of it", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.saveOrder({
      ...BUY,
      positionId: "p1",
      signalId: "s1",
      filled: 0.1,
      status: "submitted",
      createdAt: 5,
      tp: 9,
      reason: "trailing",
      rate: 2,
    });
    const replaced = await mgr.saveOrder({ id: "o1", pair: "ETH/USDT", side: "sell", size: 2, intent: "exit" });
    assert.is((await mgr.saveOrder({ id: "o1", pair: "ETH/USDT", side: "sell", size: 2 })).intent, "exit");
    assert.equal(replaced, {
      id: "o1",
      pair: "ETH/USDT",
      side: "sell",
      orderType: "limit",
      price: 40_000,
      size: 2,
      status: "partially_filled",
      createdAt: new Date(5),
      filled: 0.1,
      intent: "exit",
      positionId: "p1",
      signalId: "s1",
      tp: 9,
      reason: "trailing",
      rate: 2,
      version: 2,
    });
    assert.equal(await mgr.getPendingOrders(), [replaced]);
    const told = await mgr.saveOrder({ ...replaced, createdAt: 6, signalId: "s2" });
    assert.equal(told, { ...replaced, createdAt: new Date(6), signalId: "s2", version: 3 });
  });

  test("what an order has filled never goes back, and a fill outweighs a status that does not know of it", async () => {
    await using mgr = await open();
    for (const from of ["intent", "submitted", "open", "partially_filled", "unknown"] as const) {
      for (const status of ["intent", "submitted", "open", "partially_filled", "unknown"] as const) {
        const order = { ...BUY, id: `${from} ${status}`, size: 1 };
        await mgr.saveOrder({ ...order, status: from, filled: 0.6 });
        const stale = await mgr.saveOrder({ ...order, status, filled: 0.1 });
        assert.equal([stale.status, stale.filled], ["partially_filled", 0.6], order.id);
        const more = await mgr.saveOrder({ ...order, status, filled: 0.7 });
        assert.equal([more.status, more.filled], ["partially_filled", 0.7], order.id);
        const whole = await mgr.saveOrder({ ...order, status, size: 0.7 + 3e-10 });
        assert.equal([whole.status, whole.filled], ["filled", 0.7], order.id);
        assert.is(await mgr.getOrder(order.id), undefined);
      }
    }
  });

  test("an order is never smaller than what it filled", async () => {
    await using mgr = await open();
    await refused(mgr.saveOrder({ ...BUY, size: 1, filled: 1.01 }), "size");
    assert.is(await mgr.getOrder("o1"), undefined);
    const order = await mgr.saveOrder({ ...BUY, size: 1, filled: 0.6, status: "partially_filled" });
    for (const status of ["partially_filled", "filled", "cancelled"] as const) {
      await refused(mgr.saveOrder({ ...BUY, size: 0.59, status }), "size");
    }
    assert.equal(await mgr.getOrder("o1"), order);
  });

  test("an order stays with its position; one that has none yet takes the one that is given", async () => {
    await using mgr = await open();
    assert.is((await mgr.saveOrder({ ...BUY, positionId: "p1" })).positionId, "p1");
    await refused(mgr.saveOrder({ ...BUY, positionId: "p2" }), "positionId");
    for (const order of [BUY, { ...BUY, positionId: "p1" }]) assert.is((await mgr.saveOrder(order)).positionId, "p1");
    const free = { ...BUY, id: "o2" };
    assert.is((await mgr.saveOrder(free)).positionId, undefined);
    assert.is((await mgr.saveOrder({ ...free, positionId: "p2" })).positionId, "p2");
  });

  test("a late write of a done order changes nothing and gets it back; an order of another time is refused by its createdAt", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (const status of OVER) {
      const order = { ...BUY, id: status, size: 1, createdAt: NOON - 5 };
      await mgr.saveOrder(order);
      // A rejected order has filled nothing: a fill proves that it arrived.
      const done = await mgr.saveOrder({ ...order, filled: status === "rejected" ? 0 : 0.5, status });
      const before = await stored(mgr);
      clock.now += 1000;
      for (const late of STATUSES) {
        assert.equal(await mgr.saveOrder({ ...order, status: late, size: 0.1, positionId: "p9" }), done);
        await refused(mgr.saveOrder({ ...order, createdAt: NOON, status: late }), "createdAt");
      }
      assert.equal(await mgr.saveOrder({ ...BUY, id: status, status, size: 9 }), done);
      assert.equal(await stored(mgr), before);
    }
  });

  test("an order that was read can be saved as it is", async () => {
    await using mgr = await open();
    const saved = await mgr.saveOrder({ ...BUY, signalId: "s1" });
    assert.equal(await mgr.saveOrder(saved), saved);
  });

  test("orders come in the order of their making, then of the bytes of their ids", async () => {
    await using mgr = await open();
    for (const [id, createdAt] of [
      ["z", NOON],
      ["\u{1F600}", NOON],
      ["\uffee", NOON],
      ["early", NOON - 1],
      ["late", NOON + 1],
      ["Z", NOON],
    ] as const) {
      await mgr.saveOrder({ ...BUY, id, createdAt });
    }
    const ids = (await mgr.getPendingOrders()).map(({ id }) => id);
    assert.equal(ids, ["early", "Z", "z", "\uffee", "\u{1F600}", "late"]);
  });

  test("a flow without orders has none to tell", async () => {
    await using mgr = await open();
    assert.equal(await mgr.getPendingOrders(), []);
    assert.is(await mgr.getOrder("o1"), undefined);
    assert.is(await mgr.removeOrder("o1"), false);
  });

  test("removing an order tells whether there was one", async () => {
    await using mgr = await open();
    await mgr.saveOrder(BUY);
    const other = await mgr.saveOrder({ ...BUY, id: "o2" });
    assert.is(await mgr.removeOrder("o1"), true);
    assert.is(await mgr.removeOrder("o1"), false);
    assert.equal(await mgr.getPendingOrders(), [other]);
  });

  test("an order goes from state to state as the contract says; another step is refused and changes nothing", async () => {
    await using mgr = await open();
    for (const from of STATUSES) {
      for (const to of STATUSES) {
        const id = `${from}-${to}`;
        const first = await mgr.saveOrder({ ...BUY, id, status: from });
        assert.is(first.status, from);
        const step = mgr.saveOrder({ ...BUY, id, status: to, size: 9 });
        if (NEXT[from].includes(to)) {
          assert.is((await step).status, to);
          continue;
        }
        const error = await failure(step);
        assert.instance(error, InvalidArgumentError);
        assert.is(error.message, `status: order ${id} is ${from}, it cannot become ${to}`);
        assert.equal(await mgr.getOrder(id), OVER.includes(from) ? undefined : first);
      }
    }
  });

  test("an order that is over is no longer pending, and its id is not used again", async () => {
    await using mgr = await open();
    for (const status of OVER) {
      await mgr.saveOrder({ ...BUY, id: status });
      await mgr.saveOrder({ ...BUY, id: status, status, filled: 0.5 });
      assert.is(await mgr.getOrder(status), undefined);
      assert.is(await mgr.removeOrder(status), false);
      assert.instance(await failure(mgr.saveOrder({ ...BUY, id: status })), InvalidArgumentError);
    }
    assert.equal(await mgr.getPendingOrders(), []);
    assert.equal((await mgr.snapshot()).orders, []);
  });

  test("a removed order is forgotten: its id begins anew", async () => {
    await using mgr = await open();
    await mgr.saveOrder({ ...BUY, status: "partially_filled" });
    await mgr.removeOrder("o1");
    assert.is((await mgr.saveOrder({ ...BUY, status: "intent" })).status, "intent");
  });

  test("sizes and prices of orders come back bit for bit", async () => {
    await using mgr = await open();
    for (const value of DOUBLES) {
      const saved = await mgr.saveOrder({
        ...BUY,
        size: value,
        price: -value,
        filled: value / 2,
        tp: value,
        sl: -value,
      });
      for (const order of [saved, await mgr.getOrder("o1")]) {
        sameDouble(order?.size, value);
        sameDouble(order?.price, -value);
        sameDouble(order?.filled, value / 2);
        sameDouble(order?.tp, value);
        sameDouble(order?.sl, -value);
      }
      await mgr.removeOrder("o1");
    }
  });

  test("every name in an order may be any text of up to 256 bytes", async () => {
    await using mgr = await open();
    for (const name of EXOTIC_NAMES) {
      const order = { ...BUY, id: name, pair: name, orderType: name, positionId: name, signalId: name };
      const saved = await mgr.saveOrder(order);
      assert.equal(saved, { ...saved, ...order });
      assert.equal(await mgr.getOrder(name), saved);
    }
    for (const name of EXOTIC_NAMES) assert.is(await mgr.removeOrder(name), true);
    assert.equal(await mgr.getPendingOrders(), []);
  });

  test("what a caller does to an order afterwards changes nothing in the store", async () => {
    await using mgr = await open();
    const createdAt = new Date(NOON);
    const saving = mgr.saveOrder({ ...BUY, createdAt });
    createdAt.setTime(0);
    const saved = await saving;
    saved.size = 9;
    saved.createdAt.setTime(0);
    const stored = await mgr.getOrder("o1");
    assert.is(stored?.size, BUY.size);
    assert.equal(stored?.createdAt, new Date(NOON));
  });
};
