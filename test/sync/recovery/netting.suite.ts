/** What an account is that counts longs and shorts of a pair against each other. */
import * as assert from "uvu/assert";
import { derivedOrderId } from "../../../src/words/client-order-id.js";
import { type Exchange, type Progress, planRecovery, recover } from "../../../sync/index.js";
import type { Theme } from "../../contract/open.js";
import { delegate } from "./delegate.js";
import { HOUR, MINUTE, PAIR, QUICK, Stand } from "./stand.js";
import { sent } from "./telling.js";

/** A long of 2 and a short of 1, which the exchange has as a long of 1. */
async function holdBoth(stand: Stand): Promise<void> {
  await stand.hold("l1", { size: 2 });
  stand.clock.now += MINUTE;
  await stand.hold("s1", { side: "short" });
  await stand.away();
}

function keysOf(actions: readonly { readonly key: string }[]): string[] {
  return actions.map(({ key }) => key);
}

export const netting: Theme = (test, open) => {
  test("a long and a short of one pair agree with their net, and with nothing where they are of one size", async () => {
    for (const size of [1, 2]) {
      await using stand = await Stand.open(open);
      await stand.hold("l1", { size: 2 });
      await stand.hold("s1", { side: "short", size });
      const before = await stand.mgr.snapshot();
      const report = await recover(stand.mgr, stand.exchange, QUICK);
      assert.equal([report.status, report.applied, report.waiting, report.foreign], ["recovered", [], [], []]);
      assert.equal(await stand.mgr.snapshot(), before);
    }
  });

  test("sells by hand reduce the longs, oldest first, at their price, and leave the shorts alone", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("l1");
    clock.now += MINUTE;
    await stand.hold("l2");
    await stand.hold("s1", { side: "short" });
    clock.now += MINUTE;
    await exchange.trade({ pair: PAIR, side: "sell", size: 1.5, price: 110 });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, ...keysOf(report.applied).map((key) => key.split(" ")[1])], ["recovered", "l1", "l2"]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.5, 0], "BTC/USDT short": [1, 0.5] });
    // 1.5 x 10, less the entries' fees of 3 x 0.1 and the sale's of 1.5 x 110 x 0.001.
    assert.is((await mgr.getRiskState()).dailyPnl, 14.535);
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  test("buys by hand reduce the shorts", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("l1");
    await stand.hold("s1", { side: "short", size: 2 });
    await stand.away();
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 90 });
    await recover(mgr, exchange, QUICK);
    assert.equal(
      (await mgr.getPositions()).map(({ id, size }) => [id, size]),
      [
        ["l1", 1],
        ["s1", 1],
      ],
    );
    // 10, less 0.1 + 0.2 of the entries and 0.09.
    assert.is((await mgr.getRiskState()).dailyPnl, 9.61);
  });

  test("a stranger's order that may have closed a position is put before a person, who has it booked at its price", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("l1");
    await stand.away();
    await exchange.setPrice(PAIR, 90);
    const order = { pair: PAIR, side: "sell", size: 1, type: "market", reduceOnly: true } as const;
    await exchange.createOrder({ ...order, clientOrderId: "of-some-other-bot" });
    const asked = await recover(mgr, exchange, QUICK);
    assert.equal([asked.status, asked.applied], ["awaiting_approval", []]);
    assert.match(asked.plan.actions[0]?.needsPerson ?? "", /of-some-other-bot.*may be another bot's/);
    await recover(mgr, exchange, { ...QUICK, approve: asked.plan.hash });
    assert.is((await mgr.getRiskState()).dailyPnl, -10.19);
    assert.equal(await mgr.getPositions(), []);
  });

  test("where the account is the flow's alone, it is booked without asking", async () => {
    await using stand = await Stand.open(open, { config: { recovery: { exclusive_account: true } } });
    const { mgr, exchange } = stand;
    await stand.hold("l1");
    const order = { pair: PAIR, side: "sell", size: 1, type: "market", reduceOnly: true } as const;
    await exchange.createOrder({ ...order, clientOrderId: "attached-stop" });
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied.map(({ type }) => type)], ["recovered", ["book_external_fill"]]);
  });

  test("where nobody knows how the account counts, both sides agree by their net or by side, and anything else is a person's", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    const silent = delegate(exchange, { positionMode: () => undefined });
    await holdBoth(stand);
    assert.equal((await recover(mgr, silent, QUICK)).applied, []);
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.5, price: 110 });
    const asked = await recover(mgr, silent, QUICK);
    assert.equal([asked.status, asked.applied], ["awaiting_approval", []]);
    assert.match(
      asked.plan.actions[0]?.needsPerson ?? "",
      /does not say whether it nets longs and shorts of BTC\/USDT/,
    );
    assert.equal(
      (await recover(mgr, exchange, QUICK)).applied.map(({ key }) => key.split(" ")[1]),
      ["l1"],
    );
  });

  test("where nobody knows how the account counts, rows of both sides say that they stand side by side", async () => {
    await using stand = await Stand.open(open, { paper: { mode: "hedge" } });
    const { mgr, exchange } = stand;
    const silent = delegate(exchange, { positionMode: () => undefined });
    await holdBoth(stand);
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.5, price: 110, positionSide: "long", reduceOnly: true });
    const report = await recover(mgr, silent, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1.5, 1.5], "BTC/USDT short": [1, 1] });
  });

  test("what was sold before a long was entered has not ended it: it stands against it, and a person is asked", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "sell", size: 2, price: 100 });
    await stand.away(HOUR);
    await stand.hold("l1", { size: 0.6 });
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, unexplained: "close" });
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    assert.equal(keysOf(report.plan.actions), ["leave_orphan BTC/USDT short"]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.6, 0], "BTC/USDT short": [0, 1.4] });
    assert.equal(sent(exchange), ["l1"]);
  });

  test("exits stay as long as a person has not said that their position is gone", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("l1");
    await stand.stop("x1", "l1", 50);
    const hidden: Exchange = delegate(exchange, { fetchPositions: async () => [] });
    const asked = await recover(mgr, hidden, QUICK);
    assert.is(asked.status, "awaiting_approval");
    assert.equal(keysOf(asked.plan.actions), ["close_external l1", "cancel_order x1"]);
    assert.ok(asked.plan.actions.every(({ needsPerson }) => needsPerson !== undefined));
    assert.is((await exchange.fetchOrder("x1", PAIR))?.status, "open");
  });

  test("close_all sends no more than the net, and leaves to a person what stands against each other", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await holdBoth(stand);
    await exchange.setPrice(PAIR, 110);
    const report = await recover(mgr, exchange, { ...QUICK, mode: "close_all" });
    const closes = exchange.seen.flatMap((call) => (call.method === "createOrder" ? [call.request] : [])).slice(2);
    assert.equal(
      closes.map(({ side, size, reduceOnly }) => [side, size, reduceOnly]),
      [["sell", 1, true]],
    );
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 0], "BTC/USDT short": [1, 0] });
    assert.is(report.status, "awaiting_approval");
    assert.equal(keysOf(report.plan.actions), ["leave_position l1", "leave_position s1"]);
    assert.match(
      report.plan.actions[0]?.needsPerson ?? "",
      /1 of position l1 stands against position s1 of the flow.*the 100 at which the later one was entered: closePosition\(ID, \{ pnl \}\)/,
    );
    // As the person is told: at one price for both their results together are the exchange's.
    await mgr.closePosition("l1", { pnl: 0 });
    await mgr.closePosition("s1", { pnl: 0 });
    assert.is((await recover(mgr, exchange, { ...QUICK, mode: "close_all" })).status, "recovered");
    // 10 of the one that was sold, less 0.2 + 0.1 of the entries and 0.11.
    assert.equal([(await mgr.getRiskState()).dailyPnl, exchange.balance], [9.59, 100_009.59]);
  });

  test("close_all of a long that another flow's short stands against closes what is left of it, and asks for the rest", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("l1", { size: 2 });
    const order = { pair: PAIR, side: "sell", size: 0.5, type: "market", reduceOnly: false } as const;
    await exchange.createOrder({ ...order, clientOrderId: derivedOrderId("sfo", "another", "s") });
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, mode: "close_all" });
    assert.is(report.status, "awaiting_approval");
    assert.equal(keysOf(report.plan.actions), ["leave_position l1"]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.5, 0] });
  });

  test("close_all of positions that are not closed by one another sends an order for each", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("l1");
    await stand.hold("l2", { size: 2 });
    const plan = await planRecovery(mgr, exchange, { ...QUICK, mode: "close_all" });
    assert.equal(
      plan.actions.map((action) => action.type === "close_position" && [action.positionId, action.size]),
      [
        ["l1", 1],
        ["l2", 2],
      ],
    );
    assert.is((await recover(mgr, exchange, { ...QUICK, mode: "close_all" })).status, "recovered");
    assert.equal(await stand.holdings(), {});
  });

  test("an exit that found its position closed goes on to what was entered afterwards, which the exchange has netted with it", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await exchange.setPrice("ETH/USDT", 10);
    await stand.hold("other", { pair: "ETH/USDT" });
    await stand.hold("l1");
    const exits = ["x1", "x2"];
    for (const id of exits)
      await mgr.saveOrder({ id, pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "l1" });
    for (const clientOrderId of exits) {
      clock.now += MINUTE;
      await exchange.setPrice(PAIR, clientOrderId === "x1" ? 110 : 120);
      await exchange.createOrder({
        clientOrderId,
        pair: PAIR,
        side: "sell",
        size: 1,
        type: "market",
        reduceOnly: false,
      });
    }
    clock.now += 2 * MINUTE;
    await stand.admit("l2", { size: 3 });
    await stand.submit("l2");
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      [report.status, ...keysOf(report.applied)],
      ["recovered", "record_fill x1 f3", "record_fill l2 f5", "record_fill x2 f4"],
    );
    assert.equal(await stand.holdings(), { "ETH/USDT long": [1, 1], "BTC/USDT long": [2, 2] });
    assert.equal([await mgr.getPendingOrders(), report.notes], [[], []]);
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  test("an exit that found its position closed stays unbooked where the exchange has all that was entered afterwards", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("l1");
    for (const id of ["x1", "x2"]) {
      await mgr.saveOrder({ id, pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "l1" });
      await exchange.createOrder({
        clientOrderId: id,
        pair: PAIR,
        side: "sell",
        size: 1,
        type: "market",
        reduceOnly: false,
      });
    }
    await exchange.trade({ pair: PAIR, side: "buy", size: 1 });
    clock.now += MINUTE;
    await stand.admit("l2");
    await stand.submit("l2");
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      [report.status, ...keysOf(report.applied)],
      ["recovered", "record_fill x1 f2", "record_fill l2 f5", "end_order x2"],
    );
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
    assert.match(
      report.notes.join("\n"),
      /fill f3 of order x2 exits 1, and the flow has 0 left of position l1: no more is booked/,
    );
  });

  test("a purchase by hand of before a short was entered has not ended it, though a long of the flow is older", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("l1");
    clock.now += 1_000;
    await exchange.trade({ pair: PAIR, side: "buy", size: 3 });
    clock.now += 1_000;
    await stand.hold("s1", { side: "short", size: 2 });
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, unexplained: "close" });
    assert.equal(
      [report.status, keysOf(report.applied), keysOf(report.plan.actions)],
      ["awaiting_approval", [], ["leave_orphan BTC/USDT long"]],
    );
  });

  test("a sale by hand of a second before an entry has not reduced it, where the entry's own fills tell when it was", async () => {
    for (const isBooked of [true, false]) {
      await using stand = await Stand.open(open);
      const { mgr, exchange, clock } = stand;
      await exchange.trade({ pair: PAIR, side: "sell", size: 2 });
      clock.now += 1_000;
      if (isBooked) await stand.hold("l1");
      else {
        await stand.admit("l1");
        await stand.submit("l1");
      }
      await stand.away();
      const report = await recover(mgr, exchange, QUICK);
      assert.equal(
        [report.status, keysOf(report.applied), keysOf(report.plan.actions)],
        ["awaiting_approval", isBooked ? [] : ["record_fill l1 f2"], ["leave_orphan BTC/USDT short"]],
      );
      assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 0], "BTC/USDT short": [0, 1] });
    }
  });

  test("a purchase by hand that stands against a later short is closed, though the flow's longs alone are more than the account shows", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("l1", { size: 2 });
    clock.now += 1_000;
    await exchange.trade({ pair: PAIR, side: "buy", size: 1 });
    clock.now += 1_000;
    await stand.hold("s1", { side: "short", size: 2 });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, keysOf(report.applied)], ["recovered", ["close_orphan BTC/USDT long"]]);
    assert.equal(await exchange.fetchPositions(), []);
    assert.equal(
      (await mgr.getPositions()).map(({ id, size }) => [id, size]),
      [
        ["l1", 2],
        ["s1", 2],
      ],
    );
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  test("what the flow made and forgot is closed by its size, though what another flow holds stands against it in the net", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1", { side: "short", size: 2.6 });
    const order = { pair: PAIR, type: "market", reduceOnly: false } as const;
    const forgotten = derivedOrderId("sfo", mgr.flowId, "forgotten");
    await exchange.createOrder({ ...order, clientOrderId: forgotten, side: "sell", size: 0.1 });
    const theirs = derivedOrderId("sfo", "another-flow", "signal");
    await exchange.createOrder({ ...order, clientOrderId: theirs, side: "buy", size: 1.8 });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, keysOf(report.applied)], ["recovered", ["close_orphan BTC/USDT short"]]);
    assert.equal(await stand.holdings(), { "BTC/USDT short": [2.6, 0.8] });
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  test("an orphan of which nothing is there by a fresh look is not closed, and the report says so", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await mgr.markSignalProcessed("earlier", PAIR);
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    await stand.away();
    let isActing = false;
    const seen = delegate(exchange, {
      fetchPositions: async () => {
        if (isActing) await exchange.trade({ pair: PAIR, side: "sell", size: 2, price: 100 });
        isActing = false;
        return exchange.fetchPositions();
      },
    });
    const onProgress = ({ at }: Progress) => {
      if (at === "acting") isActing = true;
    };
    const report = await recover(mgr, seen, { ...QUICK, onProgress });
    assert.equal([report.status, report.applied, sent(exchange)], ["recovered", [], []]);
    assert.match(report.troubles.join(), /a fresh reading shows nothing of the long 2 that no flow holds/);
  });

  for (const mode of ["sync", "close_all"] as const) {
    test(`what an exit sold beyond its position goes on to a later one, though what others bought hides a part of it (${mode})`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange, clock } = stand;
      const order = { pair: PAIR, type: "market", reduceOnly: false } as const;
      await stand.hold("l1");
      for (const [id, size] of [
        ["x1", 1],
        ["x2", 0.1],
      ] as const) {
        clock.now += 1_000;
        await mgr.saveOrder({ id, pair: PAIR, side: "sell", size, intent: "exit", positionId: "l1" });
        await exchange.createOrder({ ...order, clientOrderId: id, side: "sell", size });
      }
      await stand.book("x1");
      clock.now += 1_000;
      await stand.hold("l2", { size: 2.5 });
      await exchange.createOrder({ ...order, clientOrderId: "of-some-other-bot", side: "buy", size: 0.09 });
      await stand.away();
      assert.equal(await stand.holdings(), { "BTC/USDT long": [2.5, 2.49] });
      const report = await recover(mgr, exchange, { ...QUICK, mode });
      assert.is(report.status, "recovered");
      assert.equal(await stand.holdings(), { "BTC/USDT long": mode === "sync" ? [2.4, 2.49] : [0, 0.09] });
      assert.equal((await recover(mgr, exchange, { ...QUICK, mode })).applied, []);
    });
  }

  for (const isHeld of [true, false]) {
    test(`what was sold by hand is not closed by itself where the account had nothing before, since another flow's short stood against ${isHeld ? "what the flow held" : "what the flow had made and forgotten"}`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange, clock } = stand;
      const order = { pair: PAIR, type: "market", reduceOnly: false } as const;
      const bought = derivedOrderId("sfo", mgr.flowId, "l1");
      if (isHeld) await stand.hold("l1");
      else await exchange.createOrder({ ...order, clientOrderId: bought, side: "buy", size: 1 });
      clock.now += 1_000;
      const theirs = derivedOrderId("sfo", "another-flow", "signal");
      await exchange.createOrder({ ...order, clientOrderId: theirs, side: "sell", size: 1 });
      clock.now += 1_000;
      await exchange.trade({ pair: PAIR, side: "sell", size: 3, price: 100 });
      await stand.away();
      const before = sent(exchange);
      const first = await recover(mgr, exchange, QUICK);
      assert.is(first.status, "awaiting_approval");
      // Once a person has said that the hand ended the long, two of its three are left, and one is the other flow's.
      const { status } = isHeld ? await recover(mgr, exchange, { ...QUICK, approve: first.plan.hash }) : first;
      assert.equal([status, sent(exchange)], [isHeld ? "recovered" : "awaiting_approval", before]);
      assert.equal(await stand.holdings(), { "BTC/USDT short": [0, 3] });
    });
  }

  test("what was bought by hand before a short was entered did not end it, though a stranger's short makes the net smaller than the flow's", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    const theirs = { clientOrderId: "of-some-other-bot", pair: PAIR, type: "market", reduceOnly: false } as const;
    await exchange.createOrder({ ...theirs, side: "sell", size: 1.4 });
    clock.now += 1_000;
    await stand.hold("l1", { size: 1.9 });
    clock.now += 1_000;
    await exchange.trade({ pair: PAIR, side: "buy", size: 0.2, price: 100 });
    clock.now += 1_000;
    await stand.hold("s1", { side: "short", size: 1.5 });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      [report.status, keysOf(report.applied), keysOf(report.plan.actions)],
      ["awaiting_approval", [], ["leave_orphan BTC/USDT long"]],
    );
  });

  test("of a long that is gone nobody's fill tells the end, and a stranger's later sale stays the stranger's", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("l1", { size: 2.9 });
    clock.now += 1_000;
    await exchange.liquidate(PAIR, "long");
    clock.now += 1_000;
    const theirs = { clientOrderId: "of-some-other-bot", pair: PAIR, type: "market", reduceOnly: false } as const;
    await exchange.createOrder({ ...theirs, side: "sell", size: 1.3 });
    await stand.away();
    const asked = await recover(mgr, exchange, QUICK);
    assert.equal(keysOf(asked.plan.actions), ["book_external_fill l1 f2"]);
    const report = await recover(mgr, exchange, { ...QUICK, approve: asked.plan.hash });
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT short": [0, 1.3] });
  });

  test("an orphan that a recovery has closed does not stand against what the flow entered later", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await mgr.markSignalProcessed("earlier", PAIR);
    await exchange.trade({ pair: PAIR, side: "sell", size: 1.75, price: 100 });
    clock.now += 1_000;
    assert.equal(keysOf((await recover(mgr, exchange, QUICK)).applied), ["close_orphan BTC/USDT short"]);
    clock.now += 1_000;
    await stand.hold("l1", { size: 2.8 });
    clock.now += 1_000;
    await exchange.liquidate(PAIR, "long");
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, keysOf(report.applied)], ["recovered", ["book_external_fill l1 f4"]]);
    assert.equal(await stand.holdings(), {});
  });

  test("what others closed of a position that was taken over is booked, though the flow has added to it since", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await mgr.markSignalProcessed("earlier", PAIR);
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.5, price: 100 });
    clock.now += 1_000;
    await recover(mgr, exchange, { ...QUICK, orphanPositions: "adopt" });
    const [taken] = await mgr.getPositions();
    if (!taken) throw new Error("it was not taken over");
    clock.now += 1_000;
    await exchange.trade({ pair: PAIR, side: "buy", size: 0.2, price: 90 });
    clock.now += 1_000;
    const { id: positionId } = taken;
    const addition = {
      signalId: "s2",
      orderId: "s2",
      pair: PAIR,
      side: "short",
      size: 2,
      price: 90,
      positionId,
    } as const;
    assert.ok((await mgr.admit(addition)).admitted);
    await stand.submit("s2");
    await stand.book("s2");
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, keysOf(report.applied)], ["recovered", [`book_external_fill ${positionId} f2`]]);
    assert.equal(await stand.holdings(), { "BTC/USDT short": [2.3, 2.3] });
  });
};
