/** What a recovery sends: never twice, never more than the flow has. */
import * as assert from "uvu/assert";
import type { StateManager } from "../../../src/index.js";
import { derivedOrderId, digestOf, flowDigest } from "../../../src/words/client-order-id.js";
import { ExchangeError, type OrderRequest, recover } from "../../../sync/index.js";
import { closeOrderId, isCloseOrderId } from "../../../sync/plan/client-order-id.js";
import type { Theme } from "../../contract/open.js";
import { delegate } from "./delegate.js";
import { MINUTE, PAIR, QUICK, Stand } from "./stand.js";
import { dropsIds, sent, unproven } from "./telling.js";

const CLOSE_ALL = { ...QUICK, mode: "close_all" } as const;
const ETH = "ETH/USDT";

/** Does something once, when the order that closes a position is in state and not sent yet. */
function onceClosing(mgr: StateManager, act: () => Promise<unknown>): () => Promise<void> {
  let isDone = false;
  return async () => {
    if (isDone || !(await mgr.getPendingOrders()).some(({ metadata }) => metadata?.recovery !== undefined)) return;
    isDone = true;
    await act();
  };
}

export const sending: Theme = (test, open) => {
  test("a recovery's orders say whose they are, and those of before they did are known as a recovery's, too", async () => {
    const id = closeOrderId("flow", 1, "s1", 1);
    assert.match(id, /^sfr[0-9a-f]{29}$/);
    assert.is(digestOf(id), flowDigest("flow"));
    assert.not.equal(closeOrderId("flow", 1, "s1", 2), id);
    assert.not.equal(digestOf(closeOrderId("other", 1, "s1", 1)), digestOf(id));
    assert.ok(isCloseOrderId(id));
    assert.ok(isCloseOrderId(`sfz${"0".repeat(29)}`));
    assert.not(isCloseOrderId(derivedOrderId("sfo", "flow", "signal")));
  });

  for (const when of ["before", "after"] as const) {
    test(`a close whose answer was lost ${when} it was taken is not sent again where orders cannot be found by their ids`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await stand.hold("s1");
      const before = sent(exchange).length;
      exchange.fail("createOrder", { kind: "no_answer", when, call: 1 });
      // Its fills are not told for a while.
      const seen = { ...dropsIds(exchange), fetchFills: async () => [] };
      const report = await recover(mgr, seen, { ...CLOSE_ALL, deadline: "1ms" });
      assert.is(report.status, "awaiting_approval");
      const again = await recover(mgr, seen, { ...CLOSE_ALL, deadline: "1ms" });
      assert.is(again.status, "awaiting_approval");
      assert.equal(
        again.plan.actions.map(({ type }) => type),
        ["resubmit_close"],
      );
      assert.is(sent(exchange).length - before, when === "after" ? 1 : 0);
    });
  }

  test("a close that a person has looked for in vain is sent again by the approval, under the same id", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    exchange.fail("createOrder", { kind: "no_answer", when: "before", call: 1 });
    const seen = dropsIds(exchange);
    const { status, plan } = await recover(mgr, seen, CLOSE_ALL);
    assert.is(status, "awaiting_approval");
    assert.match(plan.actions[0]?.needsPerson ?? "", /does not find orders by the flow's ids/);
    const [order] = await mgr.getPendingOrders();
    const approved = await recover(mgr, seen, { ...CLOSE_ALL, approve: plan.hash });
    assert.is(approved.status, "recovered");
    assert.equal(sent(exchange), ["s1", order?.id]);
    assert.equal(await stand.holdings(), {});
  });

  test("a close is sent again by itself where the exchange tells orders by their ids, and has none of it", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    exchange.fail("createOrder", { kind: "no_answer", when: "before", call: 1 });
    assert.is((await recover(mgr, exchange, CLOSE_ALL)).status, "recovered");
    assert.equal(await stand.holdings(), {});
    assert.is(sent(exchange).length, 2);
  });

  test("a close that was sent a moment ago is waited for before it is sent again", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1");
    clock.now += MINUTE;
    exchange.fail("createOrder", { kind: "no_answer", when: "before", call: 1 });
    const patient = { ...CLOSE_ALL, settle: "10s", deadline: "1ms" } as const;
    assert.is((await recover(mgr, exchange, patient)).status, "unsettled");
    assert.is((await recover(mgr, exchange, patient)).status, "unsettled");
    assert.is(sent(exchange).length, 1);
    await stand.away(10_000);
    await recover(mgr, exchange, patient);
    assert.is(sent(exchange).length, 2);
  });

  test("a close of what is not in state is not sent again either", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await mgr.markSignalProcessed("earlier", PAIR);
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    exchange.fail("createOrder", { kind: "no_answer", when: "after", call: 1 });
    const seen = { ...dropsIds(exchange), fetchFills: async () => [], fetchPositions: async () => there };
    const there = await exchange.fetchPositions();
    const report = await recover(mgr, seen, { ...QUICK, exclusiveAccount: true });
    assert.is(report.status, "awaiting_approval");
    assert.equal(
      report.plan.actions.map(({ type }) => type),
      ["close_orphan"],
    );
    assert.is(sent(exchange).length, 1);
  });

  test("an order that closed an orphan, and of which only its fill is told, is not taken for one that was never sent", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1", { side: "short", size: 0.5 });
    await exchange.trade({ pair: PAIR, side: "sell", size: 2.5, price: 100 });
    await stand.away();
    const seen = delegate(exchange, {
      clientOrderIds: { inFills: true, foundFor: 0 },
      fetchOrder: async (id, pair) => {
        const order = await exchange.fetchOrder(id, pair);
        return order?.status === "open" ? order : undefined;
      },
    });
    // The close of s1 leaves less to the first order for the orphan: the rest takes a second one.
    const report = await recover(mgr, seen, { ...CLOSE_ALL, exclusiveAccount: true });
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), {});
    assert.is(sent(exchange).length, 4);
  });

  for (const what of ["a tracked position", "an orphan"] as const) {
    test(`an order to close ${what} that the exchange took, dropped, and refuses to take again, is over: another one goes out`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      if (what === "an orphan") await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
      else await stand.hold("s1");
      await mgr.markSignalProcessed("earlier", PAIR);
      await stand.away();
      const dropped: string[] = [];
      const seen = delegate(exchange, {
        createOrder: async (request) => {
          const { clientOrderId } = request;
          if (dropped.includes(clientOrderId)) throw new ExchangeError("duplicate_order_id", "an id is taken once");
          if (dropped.length > 0) return exchange.createOrder(request);
          dropped.push(clientOrderId);
          throw new ExchangeError("no_answer", "the reply was lost");
        },
      });
      const report = await recover(mgr, seen, CLOSE_ALL);
      assert.is(report.status, "recovered", report.troubles.join());
      assert.equal(await stand.holdings(), {});
      const [, last] = [...dropped, ...sent(exchange)].slice(-2);
      assert.not.equal(last, dropped[0]);
    });
  }

  test("an exchange that takes a close under another id gets no other order before a person has said so", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.setPrice(ETH, 10);
    await stand.hold("s1");
    await stand.hold("s2", { pair: ETH });
    const seen = {
      ...dropsIds(exchange),
      createOrder: async (request: OrderRequest) => ({
        ...(await exchange.createOrder(request)),
        clientOrderId: `theirs-${request.clientOrderId.slice(-8)}`,
      }),
    };
    const report = await recover(mgr, seen, CLOSE_ALL);
    assert.is(report.status, "awaiting_approval");
    assert.match(report.troubles.join("\n"), /took order sfr.* under another id, theirs-/);
    assert.is(sent(exchange).length, 3);
    // What it did is found by the exchange's own id.
    assert.equal(await stand.holdings(), { "ETH/USDT long": [1, 1] });
    assert.is((await mgr.getRiskState()).dailyTrades, 1);
    assert.equal(
      report.plan.actions.map(({ key }) => key),
      ["close_position s2"],
    );
    assert.match(report.plan.actions[0]?.needsPerson ?? "", /cannot be found again by its id/);
    const approved = await recover(mgr, seen, { ...CLOSE_ALL, approve: report.plan.hash });
    assert.is(approved.status, "recovered");
    assert.equal(await stand.holdings(), {});
    assert.is(sent(exchange).length, 4);
  });

  test("in a spot market no more is sold than is tracked and was not sold since the plan was made", async () => {
    await using stand = await Stand.open(open, {
      paper: { market: "spot", balance: 10_000, fees: { maker: 0, taker: 0 } },
    });
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 1.5, price: 100 }); // the owner's own
    await stand.hold("s1", { size: 0.5 });
    await stand.away();
    const byHand = onceClosing(mgr, () => exchange.trade({ pair: PAIR, side: "sell", size: 0.3, price: 100 }));
    const seen = {
      ...unproven(exchange),
      positionMode: () => "spot" as const,
      fetchFills: async (pair: string, since: Date) => {
        await byHand();
        return exchange.fetchFills(pair, since);
      },
    };
    const report = await recover(mgr, seen, { ...CLOSE_ALL, orphanPositions: "manual" });
    assert.is(report.status, "awaiting_approval");
    const sales = exchange.seen.flatMap((call) =>
      call.method === "createOrder" && call.request.side === "sell" ? [call.request.size] : [],
    );
    assert.equal(sales, [0.2]);
    const asked = report.plan.actions.map(({ needsPerson = "" }) => needsPerson).join("\n");
    assert.match(asked, /0\.3 BTC\/USDT were sold since position s1 was opened, .* and are not booked/);
  });

  test("in a spot market nothing is sold that is not there any more", async () => {
    await using stand = await Stand.open(open, {
      paper: { market: "spot", balance: 10_000, fees: { maker: 0, taker: 0 } },
    });
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await stand.away();
    const byHand = onceClosing(mgr, () => exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 100 }));
    const seen = {
      ...unproven(exchange),
      positionMode: () => "spot" as const,
      fetchPositions: async () => {
        await byHand();
        return exchange.fetchPositions();
      },
    };
    // That it was the flow's coins, nothing tells but that the account is the flow's alone.
    assert.is((await recover(mgr, seen, { ...CLOSE_ALL, exclusiveAccount: true })).status, "recovered");
    assert.equal(sent(exchange), ["s1"]);
    assert.equal(await stand.holdings(), {});
  });

  test("what an order that is not told may have closed is not closed before a person has looked", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await mgr.saveOrder({ id: "x1", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "s1" });
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.5, price: 110 });
    await stand.away();
    const report = await recover(mgr, dropsIds(exchange), CLOSE_ALL);
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    assert.ok(report.plan.actions.every(({ needsPerson }) => needsPerson !== undefined));
    assert.equal(sent(exchange), ["s1"]);
  });

  test("an exchange that goes on refusing a close gets one order of it at a time", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    const refused: string[] = [];
    const seen = unproven(exchange, {
      createOrder: async (request) => {
        refused.push(request.clientOrderId);
        throw new ExchangeError("rejected", "not today");
      },
    });
    const report = await recover(mgr, seen, { ...CLOSE_ALL, deadline: "1ms" });
    assert.is(report.status, "unsettled");
    assert.is(new Set(refused).size, 1);
    assert.is((await mgr.getPendingOrders()).length, 1);
  });
};
