/** Orders that the exchange does not tell: not known is not never. */
import * as assert from "uvu/assert";
import { type Exchange, ExchangeError, planRecovery, type RecoveryReport, recover } from "../../../sync/index.js";
import type { Theme } from "../../contract/open.js";
import { delegate } from "./delegate.js";
import { HOUR, MINUTE, PAIR, QUICK, Stand } from "./stand.js";
import { anonymous, dropsIds, forgetful, sent, unproven } from "./telling.js";

/** What a person is asked, in one text. */
function asked({ plan }: RecoveryReport): string {
  return plan.actions.map(({ needsPerson = "" }) => needsPerson).join("\n");
}

export const unknown: Theme = (test, open) => {
  test("an entry whose id the exchange has forgotten is booked by the fill that is just what it lacks, and nothing is sold", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    const filledAt = new Date(clock.now);
    await stand.away(2 * HOUR);
    const before = sent(exchange);
    const report = await recover(mgr, forgetful(exchange), QUICK);
    assert.is(report.status, "recovered");
    assert.equal(
      report.applied.map(({ key }) => key),
      ["record_fill s1 f1"],
    );
    assert.match(report.applied[0]?.evidence.join("; ") ?? "", /no fill says whose it is, but these 1 are just what/);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
    assert.equal((await mgr.getPosition("s1"))?.entryTs, filledAt);
    assert.equal(await mgr.getPendingOrders(), []);
    assert.equal(sent(exchange), before);
    assert.equal((await recover(mgr, forgetful(exchange), QUICK)).applied, []);
  });

  test("an entry of which fills may be a part stays, with its slot, until a person says whose they are", async () => {
    await using stand = await Stand.open(open, { config: { risk: { max_open_positions: 1 } } });
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1", { type: "limit", price: 90 });
    await exchange.fillOrder("s1", 0.4);
    await exchange.cancelOrder("s1", PAIR);
    await stand.away();
    const before = sent(exchange);
    const report = await recover(mgr, forgetful(exchange), QUICK);
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    assert.match(asked(report), /does not tell order s1 .*: f1, buy 0\.4 at 90, .* \(order o1 at the exchange\)/);
    assert.is((await mgr.getOrder("s1"))?.status, "intent");
    assert.equal(sent(exchange), before);
    assert.match(asked(report), /mgr\.updateOrder\("s1", \{ metadata: \{ exchange_id: "o1" \} \}\)/);
    await mgr.updateOrder("s1", { metadata: { exchange_id: "o1" } });
    const settled = await recover(mgr, forgetful(exchange), QUICK);
    assert.is(settled.status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.4, 0.4] });
    assert.equal(await mgr.getPendingOrders(), []);
    assert.equal(sent(exchange), before);
  });

  for (const tellsTime of [true, false]) {
    const [what, done] = tellsTime ? ["may not be", "a person is asked"] : ["may be", "it is booked"];
    test(`a fill of five seconds before an exit was made ${what} the exit's where the clocks are ${tellsTime ? "" : "not "}known, and ${done}`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange, clock } = stand;
      await stand.hold("s1");
      clock.now += MINUTE;
      await exchange.liquidate(PAIR, "long");
      clock.now += 5_000;
      await mgr.saveOrder({ id: "x1", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "s1" });
      await stand.away();
      const seen = delegate(forgetful(exchange), tellsTime ? { fetchTime: () => exchange.fetchTime() } : {});
      const report = await recover(mgr, seen, QUICK);
      const booked = report.applied.map(({ key }) => key);
      if (tellsTime) {
        assert.equal([report.status, booked], ["awaiting_approval", []]);
        assert.match(asked(report), /fills that may be its are not booked: f2, sell 1 at 100/);
      } else assert.equal([report.status, booked], ["recovered", ["record_fill x1 f2"]]);
    });
  }

  test("a liquidation is not booked as the entry that the exchange does not tell, where fills show client order ids", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("l1");
    await stand.admit("s1", { side: "short" });
    await exchange.liquidate(PAIR, "long");
    await stand.away();
    const seen = delegate(exchange, { clientOrderIds: { inFills: true } });
    const report = await recover(mgr, seen, QUICK);
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    assert.match(asked(report), /does not tell order s1 .*: f2, sell 1 at 100/);
    const approved = await recover(mgr, seen, { ...QUICK, approve: report.plan.hash });
    assert.equal(
      [approved.status, approved.applied.map(({ key }) => key)],
      ["recovered", ["end_order s1", "book_external_fill l1 f2"]],
    );
    assert.equal(await stand.holdings(), {});
  });

  test("an entry that a person has looked for in vain ends by the approval", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await exchange.trade({ pair: PAIR, side: "buy", size: 0.4, price: 100 });
    await stand.away();
    const seen = forgetful(exchange);
    const report = await recover(mgr, seen, QUICK);
    assert.is(report.status, "awaiting_approval");
    const approved = await recover(mgr, seen, { ...QUICK, approve: report.plan.hash });
    assert.is(approved.applied[0]?.key, "end_order s1");
    assert.equal(await mgr.getPendingOrders(), []);
  });

  test("an excess that no fill explains may be of an entry that the exchange does not tell", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    await stand.away();
    const seen = { ...dropsIds(exchange), fetchFills: async () => [] };
    const report = await recover(mgr, seen, QUICK);
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    assert.match(asked(report), /the exchange has 1 more of BTC\/USDT than is tracked, and no fill says why/);
    assert.is((await mgr.getPendingOrders()).length, 1);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0, 1] });
  });

  test("of two entries that the same fill fits, none is given it", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.admit("s2");
    await stand.submit("s2");
    await stand.away();
    const report = await recover(mgr, forgetful(exchange), QUICK);
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    assert.match(asked(report), /does not tell order s1/);
    assert.match(asked(report), /does not tell order s2/);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0, 1] });
  });

  test("two entries are each given the fills that only they fit", async () => {
    await using stand = await Stand.open(open, { paper: { fills: "partial" } });
    const { mgr, exchange } = stand;
    await stand.admit("s1", { size: 1 });
    await stand.admit("s2", { size: 3 });
    await stand.submit("s2");
    await stand.submit("s1");
    await stand.away();
    assert.is((await recover(mgr, forgetful(exchange), QUICK)).status, "recovered");
    const sizes = (await mgr.getPositions()).map(({ id, size }) => [id, size]);
    assert.equal(sizes.sort(), [
      ["s1", 1],
      ["s2", 3],
    ]);
  });

  test("an entry of which nothing is there has never arrived, though the exchange proves nothing by ids", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await exchange.trade({ pair: PAIR, side: "sell", size: 2, price: 100 });
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    await stand.away();
    const report = await recover(mgr, dropsIds(exchange), QUICK);
    assert.is(report.status, "recovered");
    assert.equal(await mgr.getPendingOrders(), []);
  });

  test("an open order without a client order id may be the one that the exchange does not know", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1", { type: "limit", price: 90 });
    await stand.away(2 * HOUR);
    const seen = dropsIds(exchange);
    const report = await recover(mgr, seen, QUICK);
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    assert.match(asked(report), /an open order that may be it is there: buy 1 at 90 \(order o1 at the exchange\)/);
    await mgr.updateOrder("s1", { metadata: { exchange_id: "o1" } });
    assert.is((await recover(mgr, seen, QUICK)).status, "recovered");
    assert.is((await mgr.getOrder("s1"))?.status, "open");
    await exchange.fillOrder("s1", 1);
    assert.is((await recover(mgr, seen, QUICK)).status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
  });

  test("an order that the exchange knows under its own id alone is looked up by that, before it counts as forgotten", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    await exchange.liquidate(PAIR, "long");
    await mgr.updateOrder("s1", { metadata: { exchange_id: "o1" } });
    await stand.away(2 * HOUR);
    const answers: NonNullable<Exchange["fetchOrderById"]>[] = [
      (id, pair) => exchange.fetchOrderById(id, pair),
      async () => {
        throw new ExchangeError("no_answer", "bad gateway");
      },
    ];
    for (const fetchOrderById of answers) {
      for (const inFills of [true, false]) {
        const seen = delegate(dropsIds(exchange), {
          ...{ clientOrderIds: { inFills }, fetchFills: async () => [], fetchOrderById },
        });
        const plan = await planRecovery(mgr, seen, QUICK);
        if (fetchOrderById === answers[0]) {
          assert.equal(
            plan.actions.map(({ key }) => key),
            ["record_fill s1 average:1"],
          );
          assert.match(plan.actions[0]?.needsPerson ?? "", /the exchange no longer lists the trades/);
        } else {
          assert.equal(plan.actions, []);
          assert.match(plan.failures[0]?.asked ?? "", /order o1 in BTC\/USDT, by its own id/);
        }
      }
    }
  });

  test("where the exchange does not look orders up by its own id, fills tell what became of one that it has taken under another", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    await mgr.updateOrder("s1", { metadata: { exchange_id: "o1" } });
    await stand.away();
    const seen = delegate(dropsIds(exchange), {
      fetchOrderById: async () => {
        throw new ExchangeError("unsupported", "no such call");
      },
    });
    const report = await recover(mgr, seen, QUICK);
    assert.equal([report.status, report.applied.map(({ key }) => key)], ["recovered", ["record_fill s1 f1"]]);
    assert.match(report.notes.join("\n"), /no such call: what became of order s1 is told by fills alone/);
  });

  test("what may be of an entry that is too young to be known is neither sold nor given to it", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    await stand.away(MINUTE - 1);
    const early = await recover(mgr, forgetful(exchange), { ...QUICK, deadline: "1ms" });
    assert.equal([early.status, early.applied], ["unsettled", []]);
    // It is known in time.
    assert.is((await recover(mgr, exchange, QUICK)).status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
  });

  test("an exit that the exchange has forgotten is booked by its fill, once, though the bot tells it later", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await mgr.saveOrder({
      id: "x1",
      pair: PAIR,
      side: "sell",
      size: 1,
      intent: "exit",
      positionId: "s1",
      reason: "tp",
    });
    await exchange.setPrice(PAIR, 120);
    await stand.submit("x1");
    await stand.away();
    const report = await recover(mgr, forgetful(exchange), QUICK);
    assert.equal(
      report.applied.map(({ key }) => key),
      ["record_fill x1 f2"],
    );
    const [fill] = (await exchange.fetchFills(PAIR, new Date(0))).slice(1);
    assert.is(
      (await mgr.recordFill("x1", { fillId: "f2", price: 120, size: 1, ...(fill && { ts: fill.ts }) })).applied,
      false,
    );
    const [trade] = await mgr.getTrades();
    assert.equal([trade?.pnl, trade?.reason], [19.78, "tp"]);
  });

  test("a fill that may be of a pending exit is not booked as somebody else's", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await mgr.saveOrder({ id: "x1", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "s1" });
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.5, price: 110 });
    await stand.away();
    const report = await recover(mgr, forgetful(exchange), QUICK);
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 0.5] });
    assert.match(asked(report), /f2, sell 0\.5 at 110/);
  });

  test("a second exit of a position that the first has used up goes on to the pair's next, and is booked once", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    const seen = unproven(exchange, {
      fetchFills: async (pair, since) => (await exchange.fetchFills(pair, since)).map(anonymous),
    });
    await stand.hold("s1", { size: 0.1 });
    for (const id of ["x1", "x2"])
      await mgr.saveOrder({ id, pair: PAIR, side: "sell", size: 0.1, intent: "exit", positionId: "s1" });
    await stand.away(1000);
    await stand.submit("x1");
    await stand.away(1000);
    await stand.admit("s2", { size: 0.2 });
    await stand.submit("s2");
    await stand.away(1000);
    await stand.submit("x2");
    await stand.away();
    const report = await recover(mgr, seen, QUICK);
    assert.equal(
      report.applied.map(({ key }) => key),
      ["record_fill x1 f2", "record_fill s2 f3", "record_fill x2 f4"],
    );
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.1, 0.1] });
    assert.equal((await recover(mgr, seen, QUICK)).applied, []);
  });

  // An exchange that finds orders by their ids for good, and whose fills say them

  test("where an entry is proven unknown, a hand's fill of just its size is put before a person", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    assert.is((await mgr.getPendingOrders()).length, 1);
    assert.equal(sent(exchange), []);
  });

  test("where an entry is proven unknown, a hand's fill of another size is not its", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await exchange.trade({ pair: PAIR, side: "buy", size: 0.7, price: 100 });
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, orphanPositions: "manual" });
    assert.equal(
      report.applied.map(({ key }) => key),
      ["end_order s1"],
    );
    assert.equal(
      report.plan.actions.map(({ type }) => type),
      ["leave_orphan"],
    );
  });

  test("an exit that is proven unknown is over, and a hand's fill is booked as a hand's", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await mgr.saveOrder({ id: "x1", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "s1" });
    await stand.away();
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 110 });
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      report.applied.map(({ key }) => key),
      ["end_order x1", "book_external_fill s1 f2"],
    );
    assert.is((await mgr.getRiskState()).dailyPnl, 9.79);
  });
};
