import * as assert from "uvu/assert";
import { FencedError, InvalidArgumentError, LockedError, StaleStateError } from "../../src/index.js";
import { another } from "./another.js";
import { Clock, NOON, SECOND } from "./clock.js";
import { failure, refused } from "./expect.js";
import type { Theme } from "./open.js";
import { BUY, LONG } from "./samples.js";
import { stored } from "./stored.js";

const ENTRY = { signalId: "s9", pair: LONG.pair, side: "long", size: 1, price: 1 } as const;

export const recovering: Theme = (test, open) => {
  test("while a recovery is under way, and while it is unfinished, entries are refused and exits are not", async () => {
    await using mgr = await open();
    await mgr.savePosition(LONG);
    const recovery = await mgr.beginRecovery("after a crash");
    assert.equal(await refusal(), "recovering");
    await recovery.leave();
    assert.equal(await refusal(), "recovering");
    assert.is((await mgr.closePosition(LONG.id, { pnl: 1 })).closed, true);
    await (await mgr.beginRecovery("again")).end();
    assert.equal(await refusal(), "admitted");

    async function refusal(): Promise<string> {
      const answer = await mgr.admit(ENTRY);
      return answer.admitted ? "admitted" : answer.reason;
    }
  });

  test("a plan that waits is approved once, by its hash; what was approved is in the journal", async () => {
    await using mgr = await open({}, { instanceId: "bot-1" });
    const recovery = await mgr.beginRecovery("after a crash");
    await recovery.note("plan_hash", "0123456789abcdef");
    assert.equal((await Promise.all([1, 2, 3].map(() => mgr.approveRecovery("0123456789abcdef")))).sort(), [
      false,
      false,
      true,
    ]);
    assert.is((await mgr.getRecovery())?.journal.get("approved"), "0123456789abcdef");
    const approvals = (await mgr.getEvents()).filter(({ type }) => type === "recovery_approved");
    assert.is(approvals.length, 1);
    await recovery.leave();
    assert.is(await mgr.approveRecovery("0123456789abcdef"), false);
    await mgr.endRecovery();
  });

  test("of approvers in two processes one gets true", async () => {
    await using mgr = await open({}, { instanceId: "bot-1" });
    await using found = await another(mgr, open, {}, { instanceId: "operator" });
    const recovery = await mgr.beginRecovery("after a crash");
    await recovery.note("plan_hash", "0123456789abcdef");
    const answers = await Promise.all([mgr, found.other].map((each) => each.approveRecovery("0123456789abcdef")));
    assert.equal(answers.sort(), [false, true]);
    await recovery.end();
  });

  test("approving another plan than the one that waits, or none, is refused by name and changes nothing", async () => {
    await using mgr = await open();
    assert.match(await refusal(), /no recovery is under way/);
    const recovery = await mgr.beginRecovery("after a crash");
    assert.match(await refusal(), /no plan that needs a person/);
    await recovery.note("plan_hash", "fedcba9876543210");
    const before = await stored(mgr);
    assert.match(await refusal(), /is plan fedcba9876543210/);
    assert.equal(await stored(mgr), before);
    // A later plan is not approved by what was said of an earlier one.
    await mgr.approveRecovery("fedcba9876543210");
    await recovery.note("plan_hash", "0123456789abcdef");
    assert.is(await mgr.approveRecovery("0123456789abcdef"), true);
    await recovery.end();
    assert.match(await refusal(), /no recovery is under way/);

    async function refusal(): Promise<string> {
      const error = await failure(mgr.approveRecovery("0123456789abcdef"));
      assert.instance(error, StaleStateError);
      return error.message;
    }
  });

  test("one that nobody finished is resumed under its id, with what was noted", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read, instanceId: "bot-1" });
    const first = await mgr.beginRecovery("after a crash");
    await first.note("order:x", "sent");
    await first.note("order:y", '{"a":[]}');
    await first.note("order:x", "filled");
    await first.leave();
    clock.now += SECOND;
    const second = await mgr.beginRecovery("again");
    assert.is(second.id, first.id);
    assert.equal([...second.journal].sort(), [
      ["order:x", "filled"],
      ["order:y", '{"a":[]}'],
    ]);
    const state = await mgr.getRecovery();
    assert.equal(state && { ...state, journal: state.journal.size }, {
      id: NOON,
      reason: "again",
      begunAt: new Date(NOON),
      holder: "bot-1",
      until: new Date(NOON + 11 * SECOND),
      journal: 2,
    });
    await second.end();
    assert.is(await mgr.getRecovery(), undefined);
  });

  test("one that somebody goes on to hold is not ended by whoever saw it held until earlier; why it was ended is told", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read, instanceId: "bot-1" });
    await mgr.beginRecovery("after a crash", { ttl: "10s" });
    const seen = await mgr.getRecovery();
    clock.now += SECOND;
    await mgr.beginRecovery("again", { ttl: "10s" });
    for (const unlessHeldAfter of [0, seen?.until ?? 0]) {
      const error = await failure(mgr.endRecovery({ unlessHeldAfter }));
      assert.instance(error, LockedError);
      assert.match(error.message, /being recovered by bot-1, which holds it until \S+: it was not ended/);
    }
    assert.ok(await mgr.getRecovery());
    assert.is(await mgr.endRecovery({ unlessHeldAfter: NOON + 11 * SECOND, reason: "its holder is dead" }), true);
    const last = (await mgr.getEvents()).at(-1);
    assert.equal(last?.type === "recovery_ended" && last.reason, "its holder is dead");
    assert.is(await mgr.endRecovery({ unlessHeldAfter: 0 }), false);
    await (await mgr.beginRecovery("one that is left")).leave();
    assert.is(await mgr.endRecovery({ unlessHeldAfter: 0 }), true);
    await refused(mgr.endRecovery({ unlessHeldAfter: -1 }), "options.unlessHeldAfter");
  });

  test("the next one after an end has an id of its own, larger, and an empty journal", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const first = await mgr.beginRecovery("one");
    await first.note("a", "b");
    await first.end();
    const second = await mgr.beginRecovery("two");
    assert.ok(second.id > first.id);
    assert.is(second.journal.size, 0);
    await second.end();
  });

  test("another process waits until it is let go; one that was taken over can note and end nothing", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read, instanceId: "bot-1" });
    await using found = await another(mgr, open, {}, { clock: clock.read, instanceId: "bot-2" });
    const second = found.other;
    if (second === mgr) return; // this backend has one process only
    const held = await mgr.beginRecovery("one", { ttl: "10s" });
    const error = await failure(second.beginRecovery("two"));
    assert.instance(error, LockedError);
    assert.match(error.message, /being recovered by bot-1/);
    clock.now += 10 * SECOND;
    const taken = await second.beginRecovery("two");
    assert.is(taken.id, held.id);
    assert.instance(await failure(held.note("a", "b")), FencedError);
    assert.instance(await failure(held.end()), FencedError);
    assert.is((await second.getRecovery())?.journal.size, 0);
    await taken.end();
  });

  test("a note that is no text, or too long, is refused and nothing is noted", async () => {
    await using mgr = await open();
    await using recovery = await mgr.beginRecovery("one");
    assert.instance(await failure(recovery.note("", "x")), InvalidArgumentError);
    assert.instance(await failure(recovery.note("a", "x".repeat(1024 * 1024 + 1))), InvalidArgumentError);
    assert.is((await mgr.getRecovery())?.journal.size, 0);
  });

  test("orders are found by their ids, pending or over", async () => {
    await using mgr = await open();
    await mgr.saveOrder(BUY);
    await mgr.saveOrder({ ...BUY, id: "over" });
    await mgr.cancelOrder("over");
    const found = await mgr.findOrders([BUY.id, "none", "over"]);
    assert.equal(
      found.map((order) => order && [order.id, order.status]),
      [[BUY.id, "open"], undefined, ["over", "cancelled"]],
    );
    assert.equal(await mgr.findOrders([]), []);
    assert.instance(await failure(mgr.findOrders([""])), InvalidArgumentError);
  });

  test("it can be asked which fills are booked", async () => {
    await using mgr = await open();
    await mgr.saveOrder({ ...BUY, id: "a|b%" });
    await mgr.recordFill("a|b%", { fillId: "f|1", price: 1, size: BUY.size / 2 });
    const asked = [
      { orderId: "a|b%", fillId: "f|1" },
      { orderId: "a", fillId: "b%|f|1" },
      { orderId: "a|b%", fillId: "f" },
    ];
    assert.equal(await mgr.getRecordedFills(asked), [true, false, false]);
    assert.equal(await mgr.getRecordedFills([]), []);
  });
};
