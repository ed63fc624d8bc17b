/** `updateOrder`, and the version of an order. */
import * as assert from "uvu/assert";
import type { OrderPatch, OrderStatus, PendingOrder } from "../../src/index.js";
import { admitted } from "./admission.suite.js";
import { another } from "./another.js";
import { Clock, HOUR, MINUTE, NOON } from "./clock.js";
import { failure, refused, sameDouble } from "./expect.js";
import type { Theme } from "./open.js";
import { derivedReservations, toldReservations } from "./reservations.js";
import { BUY, DOUBLES, LARGEST_METADATA, METADATA } from "./samples.js";
import { stored } from "./stored.js";

const PAIR = BUY.pair;

const NEXT: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  intent: ["submitted", "open", "partially_filled", "filled", "cancelled", "rejected", "unknown"],
  submitted: ["open", "partially_filled", "filled", "cancelled", "rejected", "unknown"],
  open: ["partially_filled", "filled", "cancelled", "rejected", "unknown"],
  partially_filled: ["filled", "cancelled", "unknown"],
  unknown: ["submitted", "open", "partially_filled", "filled", "cancelled", "rejected"],
  filled: [],
  cancelled: [],
  rejected: [],
};

const DONE: readonly OrderStatus[] = ["filled", "cancelled", "rejected"];

export const orderUpdates: Theme = (test, open) => {
  test("a patch of an order changes the fields it names, and counts the version up", async () => {
    await using mgr = await open();
    let expected: PendingOrder = await mgr.saveOrder({ ...BUY, tp: 45_000, metadata: { a: 1 }, createdAt: NOON });
    assert.is(expected.version, 1);
    const steps = [
      { size: 2 },
      { price: 1 },
      { price: -0.5 },
      { status: "partially_filled" },
      { filled: 0.25 },
      { tp: 1, sl: 0 },
      { cooldown: 5 * MINUTE },
      { metadata: { b: [] } },
      { reason: "trailing" },
      { rate: 1 / 3 },
      { size: 3, price: 7, reason: "none", rate: 5e-324 },
    ] satisfies OrderPatch[];
    for (const patch of steps) {
      const updated = await mgr.updateOrder("o1", patch);
      expected = { ...expected, ...patch, version: expected.version + 1 };
      assert.equal(updated, expected);
      assert.equal(await mgr.getOrder("o1"), expected);
      assert.equal(await mgr.getPendingOrders(), [expected]);
    }
    const { price, tp, sl, cooldown, ...bare } = expected;
    assert.equal([price, tp, sl, cooldown], [7, 1, 0, 5 * MINUTE]);
    const removed = await mgr.updateOrder("o1", { price: null, tp: null, sl: null, cooldown: null });
    assert.equal(removed, { ...bare, price: null, version: expected.version + 1 });
    assert.is((await mgr.updateOrder("o1", { cooldown: "2h" })).cooldown, 2 * HOUR);
  });

  test("every change of an order counts its version up, and nothing else does", async () => {
    await using mgr = await open();
    const order = await admitted(mgr, { size: 1, price: 100, reason: "breakout" });
    const versionNow = async () => (await mgr.getOrder(order.id))?.version;
    assert.is(order.version, 1);
    assert.is((await mgr.saveOrder({ ...order, status: "submitted" })).version, 2);
    assert.is((await mgr.updateOrder(order.id, { status: "open" })).version, 3);

    const before = await stored(mgr);
    assert.is((await mgr.saveOrder({ ...order, status: "open", version: 1 })).version, 3);
    assert.is((await mgr.updateOrder(order.id, {})).version, 3);
    assert.is((await mgr.updateOrder(order.id, { status: "open", size: 1, reason: "breakout", filled: 0 })).version, 3);
    await refused(mgr.updateOrder(order.id, { status: "intent" }), "status");
    assert.equal(await stored(mgr), before, "what changes nothing leaves no event");

    assert.is(await versionNow(), 3);
    await mgr.cancelOrder(order.id);
    assert.is((await mgr.findOrders([order.id]))[0]?.version, 4);
    assert.is((await mgr.saveOrder({ ...order, status: "open" })).version, 4);
  });

  test("a function is given the order as it is, and is asked again when the order changed in between", async () => {
    await using mgr = await open();
    await using second = await another(mgr, open);
    const saved = await mgr.saveOrder({ ...BUY, size: 1 });
    const seen: PendingOrder[] = [];
    const updated = await mgr.updateOrder("o1", (order) => {
      seen.push(order);
      return { size: order.size + 1, metadata: { at: order.version } };
    });
    assert.equal(seen, [saved]);
    assert.equal(updated, { ...saved, size: 2, metadata: { at: 1 }, version: 2 });

    const both = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? mgr : second.other).updateOrder("o1", ({ size }) => ({ size: size + 1 })),
      ),
    );
    const last = await mgr.getOrder("o1");
    assert.equal([last?.size, last?.version], [22, 22]);
    assert.equal(
      both.map(({ version }) => version).sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, i) => i + 3),
    );
  });

  test("a function that throws leaves the order as it is and its error goes to the caller", async () => {
    await using mgr = await open();
    const saved = await mgr.saveOrder(BUY);
    const error = await failure(
      mgr.updateOrder("o1", () => {
        throw new RangeError("not today");
      }),
    );
    assert.is(error.message, "not today");
    assert.equal(await mgr.getOrder("o1"), saved);
  });

  test("an update of an order that is done, or that nobody knows, is refused by its id and changes nothing", async () => {
    await using mgr = await open();
    for (const status of DONE) await mgr.saveOrder({ ...BUY, id: status, status });
    const before = await stored(mgr);
    let asked = 0;
    for (const id of [...DONE, "never"]) {
      await refused(mgr.updateOrder(id, { size: 1 }), "id");
      await refused(mgr.updateOrder(id, { status: "open" }), "id");
      const fn = () => {
        asked++;
        return { size: 1 };
      };
      await refused(mgr.updateOrder(id, fn), "id");
    }
    const { message } = await failure(mgr.updateOrder("filled", {}));
    assert.is(message, 'id: order "filled" is filled, it changes no more');
    assert.is(asked, 0);
    assert.equal(await stored(mgr), before);
  });

  test("a status never goes back, and the error names both", async () => {
    await using mgr = await open();
    for (const from of Object.keys(NEXT).filter((status): status is OrderStatus => status in NEXT)) {
      if (DONE.includes(from)) continue;
      for (const to of Object.keys(NEXT).filter((status): status is OrderStatus => status in NEXT)) {
        const id = `${from} to ${to}`;
        await mgr.saveOrder({ ...BUY, id, status: from });
        const step = mgr.updateOrder(id, { status: to });
        if (from === to || NEXT[from].includes(to)) {
          assert.is((await step).status, to);
          assert.is((await mgr.getOrder(id))?.status, DONE.includes(to) ? undefined : to);
        } else assert.is((await failure(step)).message, `status: order ${id} is ${from}, it cannot become ${to}`);
      }
    }
  });

  test("a fill outweighs a status that does not know of it", async () => {
    await using mgr = await open();
    await mgr.saveOrder({ ...BUY, size: 1, status: "submitted" });
    await mgr.recordFill("o1", { fillId: "f1", price: 40_000, size: 0.25 });
    for (const status of ["submitted", "open", "unknown"] as const) {
      assert.is((await mgr.updateOrder("o1", { status })).status, "partially_filled");
    }
    assert.is((await mgr.updateOrder("o1", { status: "cancelled" })).status, "cancelled");
    assert.equal(await mgr.getPendingOrders(), []);
  });

  test("what is filled never goes down, and a size never falls below it", async () => {
    await using mgr = await open();
    await mgr.saveOrder({ ...BUY, size: 1, filled: 0.4, status: "partially_filled" });
    const before = await stored(mgr);
    await refused(mgr.updateOrder("o1", { filled: 0.3 }), "filled");
    await refused(mgr.updateOrder("o1", { filled: 1.1 }), "filled");
    await refused(mgr.updateOrder("o1", { size: 0.3 }), "size");
    await refused(mgr.updateOrder("o1", { size: 0.5, filled: 0.6 }), "size");
    assert.is(
      (await failure(mgr.updateOrder("o1", { size: 0.3 }))).message,
      "size: order o1 has 0.4 filled, its size cannot be 0.3",
    );
    assert.equal(await stored(mgr), before);
    const more = await mgr.updateOrder("o1", { filled: 0.6 });
    assert.equal([more.filled, more.status], [0.6, "partially_filled"]);
    const most = await mgr.updateOrder("o1", { size: 3, filled: 2 });
    assert.equal([most.size, most.filled, most.status], [3, 2, "partially_filled"]);
  });

  test("a size that equals what is filled, within a relative 1e-9, makes the order filled", async () => {
    for (const size of [0.3, 0.3 * (1 - 9e-10), 0.3 * (1 + 9e-10)]) {
      await using mgr = await open();
      await mgr.saveOrder({ ...BUY, size: 1 });
      await mgr.recordFill("o1", { fillId: "f1", price: 40_000, size: 0.3 });
      const done = await mgr.updateOrder("o1", { size });
      assert.equal([done.status, done.filled, done.size], ["filled", 0.3, size]);
      assert.equal(await mgr.getPendingOrders(), []);
      assert.is((await mgr.saveOrder({ ...BUY, createdAt: done.createdAt })).status, "filled");
    }
    await using mgr = await open();
    await mgr.saveOrder({ ...BUY, size: 1, filled: 0.3, status: "partially_filled" });
    assert.is((await mgr.updateOrder("o1", { size: 0.3 * (1 + 2e-9) })).status, "partially_filled");
    assert.is((await mgr.updateOrder("o1", { size: 0.3, filled: 0.3 * (1 - 9e-10) })).filled, 0.3);
    assert.equal(await mgr.getPendingOrders(), []);
  });

  test("the reservation of an entry moves with its size, its price and what is filled", async () => {
    await using mgr = await open();
    const { id } = await admitted(mgr, { size: 1, price: 100 });
    const expected = async (exposure: string, slots = "1") => {
      const told = { slots, slotsOf: { [PAIR]: slots }, exposure };
      assert.equal(await derivedReservations(mgr, [PAIR]), told);
      assert.equal(await toldReservations(mgr, [PAIR]), told);
    };
    await expected("100");
    await mgr.updateOrder(id, { size: 3 });
    await expected("300");
    await mgr.updateOrder(id, { price: 50 });
    await expected("150");
    await mgr.updateOrder(id, { size: 2, price: 99.5 });
    await expected("199");
    await mgr.updateOrder(id, { filled: 1 });
    await expected("99.5");
    await mgr.updateOrder(id, { price: null });
    await expected("0");
    await mgr.updateOrder(id, { price: 10, status: "unknown" });
    await expected("10");
    await mgr.updateOrder(id, { status: "cancelled" });
    await expected("0", "0");
  });

  test("an exit takes no exposure, however it is updated", async () => {
    await using mgr = await open();
    await mgr.saveOrder({ ...BUY, intent: "exit", positionId: "p1" });
    const updated = await mgr.updateOrder("o1", { size: 7, price: 3, reason: "sl" });
    assert.equal([updated.positionId, updated.intent, updated.reason], ["p1", "exit", "sl"]);
    assert.is((await toldReservations(mgr, [PAIR])).exposure, "0");
  });

  test("sizes, prices and metadata come back as they were, also those that a patch leaves alone", async () => {
    await using mgr = await open();
    for (const [i, value] of DOUBLES.entries()) {
      const id = `o${i}`;
      const metadata = METADATA[i % METADATA.length] ?? LARGEST_METADATA;
      await mgr.saveOrder({ ...BUY, id, size: value, price: -value, tp: value, rate: value, metadata });
      const updated = await mgr.updateOrder(id, { status: "unknown" });
      for (const order of [updated, await mgr.getOrder(id)]) {
        sameDouble(order?.size, value);
        sameDouble(order?.price, -value);
        sameDouble(order?.tp, value);
        sameDouble(order?.rate, value);
        assert.is(JSON.stringify(order?.metadata), JSON.stringify(metadata));
      }
      const third = Math.max(value / 3, Number.MIN_VALUE);
      sameDouble((await mgr.updateOrder(id, { size: third })).size, third);
    }
  });

  test("reason and rate come with an order from every call that takes them, and stay unless given again", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const order = await admitted(mgr, { reason: "breakout", rate: 1.5 });
    assert.equal([order.reason, order.rate], ["breakout", 1.5]);
    const { reason: _, rate: __, ...unsaid } = order;
    const saved = await mgr.saveOrder({ ...unsaid, status: "open" });
    assert.equal([saved.reason, saved.rate], ["breakout", 1.5]);
    const said = await mgr.saveOrder({ ...saved, reason: 'a "reason"\n', rate: 2 });
    assert.equal([said.reason, said.rate], ['a "reason"\n', 2]);
    const updated = await mgr.updateOrder(order.id, { reason: "manual" });
    assert.equal([updated.reason, updated.rate], ["manual", 2]);
    await mgr.cancelOrder(order.id);
    const [done] = await mgr.findOrders([order.id]);
    assert.equal([done?.reason, done?.rate], ["manual", 2]);
  });

  test("an argument of a kind that no patch has is an error that names it, and nothing is written", async () => {
    await using mgr = await open();
    await mgr.saveOrder(BUY);
    const before = await stored(mgr);
    for (const [field, values] of Object.entries({
      size: [0, -1, Number.NaN, "1", null],
      price: [Number.NaN, "1", Number.POSITIVE_INFINITY],
      status: ["done", "", 1, null],
      filled: [-1, Number.NaN, null],
      tp: ["1", Number.NaN],
      sl: [Number.NEGATIVE_INFINITY],
      cooldown: [-1, "1 hour"],
      metadata: [[], "text", null, { huge: "x".repeat(65_536) }],
      reason: ["", 7, null, "x".repeat(1025), "a\0b"],
      rate: [0, -1, Number.NaN, "1", null],
      flip: ["a"],
      positionId: ["a"],
      version: [1],
      id: ["o2"],
    })) {
      for (const value of values) {
        const patch: OrderPatch = {};
        Reflect.set(patch, field, value);
        const { message } = await failure(mgr.updateOrder("o1", patch));
        assert.ok(message.startsWith(`patch.${field}: `), `${field} ${String(value)}: ${message}`);
      }
    }
    for (const id of ["", "x".repeat(257), "a\0b"]) await refused(mgr.updateOrder(id, { size: 1 }), "id");
    assert.equal(await stored(mgr), before);
  });
};
