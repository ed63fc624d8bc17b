/** What is closed only where it is proven to be the flow's: positions by `close_all`, and orphans. */
import * as assert from "uvu/assert";
import { derivedOrderId } from "../../../src/words/client-order-id.js";
import { recover } from "../../../sync/index.js";
import type { Theme } from "../../contract/open.js";
import { delegate } from "./delegate.js";
import { HOUR, PAIR, QUICK, Stand } from "./stand.js";
import { unproven } from "./telling.js";

const CLOSE_ALL = { ...QUICK, mode: "close_all" } as const;

function theirs(name: string): string {
  return derivedOrderId("sfo", "another", name);
}

/** The orders that a recovery sent. */
function closes({ exchange }: Stand, before: number): [side: string, size: number][] {
  return exchange.seen
    .slice(before)
    .flatMap((call) =>
      call.method === "createOrder" ? [[call.request.side, call.request.size] as [string, number]] : [],
    );
}

export const closing: Theme = (test, open) => {
  test("close_all leaves a long in whose place another flow's long stands to a person", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("l1");
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 110 });
    const order = { pair: PAIR, side: "buy", size: 1, type: "market", reduceOnly: false } as const;
    await exchange.createOrder({ ...order, clientOrderId: theirs("l") });
    await stand.away();
    const before = exchange.seen.length;
    const report = await recover(mgr, exchange, CLOSE_ALL);
    assert.is(report.status, "awaiting_approval");
    assert.equal(
      report.plan.actions.map(({ key }) => key),
      ["leave_position l1"],
    );
    assert.match(report.plan.actions[0]?.needsPerson ?? "", /it is not known whether 1 of position l1 is still there/);
    assert.equal(closes(stand, before), []);
    const agreed = await recover(mgr, exchange, { ...CLOSE_ALL, approve: report.plan.hash });
    assert.equal([agreed.status, closes(stand, before)], ["recovered", []]);
  });

  test("close_all closes a long beside another flow's, where no other order can have closed it", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 110 });
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 110 });
    await stand.away(HOUR);
    await stand.hold("l1");
    const order = { pair: PAIR, side: "buy", size: 2, type: "market", reduceOnly: false } as const;
    await exchange.createOrder({ ...order, clientOrderId: theirs("l") });
    await stand.away();
    const before = exchange.seen.length;
    assert.is((await recover(mgr, exchange, CLOSE_ALL)).status, "recovered");
    assert.equal(closes(stand, before), [["sell", 1]]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0, 2] });
  });

  test("close_all sends nothing for an entry that is gone before its fills are booked", async () => {
    await using stand = await Stand.open(open, { paper: { mode: "hedge" } });
    const { mgr, exchange } = stand;
    await stand.admit("l1");
    await stand.submit("l1");
    await exchange.liquidate(PAIR, "long");
    await stand.away();
    const before = exchange.seen.length;
    // Fills that say no side of the pair explain nothing.
    const sideless = delegate(exchange, {
      fetchFills: async (pair, since) =>
        (await exchange.fetchFills(pair, since)).map(({ positionSide: _, ...fill }) => fill),
    });
    const report = await recover(mgr, sideless, CLOSE_ALL);
    assert.is(report.status, "awaiting_approval");
    assert.equal(closes(stand, before), []);
  });

  test("what another flow entered after it had sold the flow's by mistake is no orphan", async () => {
    await using stand = await Stand.open(open, { paper: { mode: "hedge" } });
    const { mgr, exchange } = stand;
    await stand.hold("l1", { size: 2.9 });
    const order = { pair: PAIR, positionSide: "long", type: "market" } as const;
    await exchange.createOrder({ ...order, side: "sell", size: 0.3, reduceOnly: true, clientOrderId: theirs("x") });
    await mgr.updatePosition("l1", { size: 2.6 });
    await exchange.createOrder({ ...order, side: "buy", size: 1.1, reduceOnly: false, clientOrderId: theirs("l") });
    await stand.away();
    const before = exchange.seen.length;
    const report = await recover(mgr, exchange, QUICK);
    assert.is(report.status, "awaiting_approval");
    assert.match(report.plan.actions[0]?.needsPerson ?? "", /took more of it than that flow had entered/);
    assert.equal(closes(stand, before), []);
  });

  test("a net of zero through which the flow held a position does not make an orphan of what others hold", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    const order = { pair: PAIR, side: "sell", size: 2.4, type: "market", reduceOnly: false } as const;
    await exchange.createOrder({ ...order, clientOrderId: "strange" });
    await stand.away();
    await stand.hold("l1", { size: 1.4 });
    await exchange.liquidate(PAIR, "short");
    await stand.away();
    const request = { signalId: "f", pair: PAIR, side: "short", size: 3.9, price: 100, orderId: "f" } as const;
    assert.ok((await mgr.admit({ ...request, flip: "l1" })).admitted);
    await stand.submit("f");
    await stand.book("f");
    await stand.away();
    const before = exchange.seen.length;
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, closes(stand, before)], ["awaiting_approval", []]);
    assert.equal(await stand.holdings(), { "BTC/USDT short": [2.5, 3.9] });
  });

  for (const told of [true, false])
    test(`while an exit may still turn up, close_all ${told ? "closes" : "asks before it closes"} where the exchange ${told ? "says" : "does not say"} how it counts`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await stand.hold("l1");
      await stand.away();
      const exit = { id: "x1", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "l1" } as const;
      await mgr.saveOrder({ ...exit, orderType: "market", status: "intent" });
      const before = exchange.seen.length;
      const seen = told ? exchange : unproven(exchange);
      await recover(mgr, seen, { ...CLOSE_ALL, deadline: "1ms" });
      assert.equal(closes(stand, before), told ? [["sell", 1]] : []);
    });

  test("close_all does not close a long that stands against a short of the flow's that it forgot, though nobody bought as much", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    const order = { pair: PAIR, type: "market", reduceOnly: false } as const;
    const forgotten = derivedOrderId("sfo", mgr.flowId, "forgotten");
    await exchange.createOrder({ ...order, clientOrderId: forgotten, side: "sell", size: 2.5 });
    clock.now += 1_000;
    await stand.hold("l1", { size: 2 });
    clock.now += 1_000;
    // Another flow's short, which was liquidated with the rest.
    await exchange.createOrder({ ...order, clientOrderId: theirs("s"), side: "sell", size: 2.5 });
    await exchange.trade({ pair: PAIR, side: "buy", size: 3, price: 100 });
    clock.now += 1_000;
    await exchange.createOrder({ ...order, clientOrderId: "of-some-other-bot", side: "buy", size: 2.3 });
    await stand.away();
    const before = exchange.seen.length;
    const report = await recover(mgr, exchange, CLOSE_ALL);
    assert.equal([report.status, closes(stand, before)], ["awaiting_approval", []]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [2, 2.3] });
  });
};
