/** What is easily read wrongly: answers out of date, fills that nobody names, bots that go on meanwhile. */
import * as assert from "uvu/assert";
import { ExchangeError, type OrderRequest, recover } from "../../../sync/index.js";
import { failure } from "../../contract/expect.js";
import type { Theme } from "../../contract/open.js";
import { delegate } from "./delegate.js";
import { seenBy } from "./random-exchange.js";
import { MINUTE, PAIR, QUICK, Stand } from "./stand.js";

/** An exchange that does not say whose order made a fill. */
function nameless({ exchange }: Stand) {
  return seenBy(exchange, { nameless: true, before: async () => {} });
}

export const doubts: Theme = (test, open) => {
  test("an order that is told as it was before its fills changes nothing", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1", { type: "limit", price: 90 });
    await exchange.fillOrder("s1", 0.5);
    await stand.away();
    exchange.fail("fetchOrder", { kind: "stale", call: 1 });
    const error = await failure(recover(mgr, exchange, QUICK));
    assert.is(error instanceof ExchangeError, true);
    assert.match(error.message, /order s1: partial: its fills make up 0.5, but it is said to be filled by 0/);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0, 0.5] });
    assert.is((await recover(mgr, exchange, QUICK)).status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.5, 0.5] });
  });

  test("an order that is told as open, and is not among the open ones, is asked for again", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1", { type: "limit", price: 90 });
    await recover(mgr, exchange, QUICK);
    await exchange.cancelOrder("s1", PAIR);
    exchange.fail("fetchOrder", { kind: "stale", call: 1 });
    await recover(mgr, exchange, QUICK);
    assert.equal(await mgr.getPendingOrders(), []);
  });

  for (const kind of ["empty", "half", "stale"] as const) {
    test(`an order that is over in state is cancelled at the exchange though one list of open orders is ${kind}`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await stand.admit("s1");
      await stand.submit("s1", { type: "limit", price: 90 });
      await mgr.cancelOrder("s1");
      exchange.fail("fetchOpenOrders", { kind, call: 1 });
      await recover(mgr, exchange, QUICK);
      assert.equal(await exchange.fetchOpenOrders(), []);
    });
  }

  test("of an order that the bot has booked in part under a name of its own, the rest is booked", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1", { type: "limit", price: 90 });
    await exchange.fillOrder("s1", 0.4);
    await exchange.fillOrder("s1", 0.4);
    await mgr.recordFill("s1", { fillId: "mine-1", price: 90, size: 0.5 });
    await exchange.fillOrder("s1", 0.2);
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      report.applied.map(({ key }) => key),
      ["record_fill s1 f2", "record_fill s1 f3"],
    );
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  test("a fill that a bot books under a name of its own while the recovery is about to is booked once", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1");
    clock.now += MINUTE;
    await stand.admit("s2");
    await stand.submit("s2", { type: "limit", price: 90 });
    await exchange.fillOrder("s2", 0.5);
    // The first thing that it does is to book this fill: the bot is quicker.
    const meanwhile = new Proxy(mgr, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          const [, fill] = args;
          if (name === "findOrders" && JSON.stringify(args) === '[["s2"]]')
            await mgr.recordFill("s2", { fillId: "mine-1", price: 90, size: 0.5 });
          assert.ok(name !== "recordFill" || fill === undefined, "it is booked again");
          return Reflect.apply(value, target, args);
        };
      },
    });
    await recover(meanwhile, exchange, QUICK);
    assert.is((await mgr.getOrder("s2"))?.filled, 0.5);
    assert.is((await mgr.getPosition("s2"))?.size, 0.5);
  });

  test("an exit of a position that the bot has closed itself is over, and does not stop the recovery", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await mgr.saveOrder({ id: "x1", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "s1" });
    await stand.submit("x1");
    await mgr.closePosition("s1", { pnl: -0.1 });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.is(report.status, "recovered");
    assert.match(report.notes.join("\n"), /fill f2 of order x1 exits 1, and the flow has 0 left of position s1/);
    assert.equal([await mgr.getPendingOrders(), await mgr.getPositions()], [[], []]);
    assert.is((await mgr.getRiskState()).dailyPnl, -0.2);
    // The order is remembered, and another position of the pair brings its fill up again.
    await stand.hold("s2");
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  test("an exit larger than what is left of its position closes that, and what it turned around is an orphan", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1");
    clock.now += MINUTE;
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.4, price: 110 });
    await recover(mgr, exchange, QUICK);
    await mgr.saveOrder({ id: "x1", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "s1" });
    const order = { clientOrderId: "x1", pair: PAIR, side: "sell", size: 1, type: "market" } as const;
    await exchange.createOrder({ ...order, reduceOnly: false });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(
      report.applied.map(({ type }) => type),
      ["record_fill", "close_orphan"],
    );
    assert.equal(await stand.holdings(), {});
    assert.is((await mgr.getRiskState()).dailyPnl, 3.796);
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  test("where the exchange does not say whose a fill is, a booked exit does not explain what a hand did", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1");
    clock.now += MINUTE;
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.3, price: 110 });
    await exchange.setPrice(PAIR, 80);
    await mgr.saveOrder({ id: "x1", pair: PAIR, side: "sell", size: 0.2, intent: "exit", positionId: "s1" });
    await stand.submit("x1");
    await stand.book("x1");
    await stand.away();
    const report = await recover(mgr, nameless(stand), QUICK);
    assert.equal(
      report.applied.map(({ key }) => key.split(" ").at(-1)),
      ["f2"],
    );
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.5, 0.5] });
    assert.is((await mgr.getRiskState()).dailyPnl, -0.1 + (3 - 0.033) + (-4 - 0.016));
  });

  test("a fill that closed a position which is gone does not explain what became of the next one", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1");
    await stand.hold("s2");
    await exchange.setPrice("ETH/USDT", 10);
    await stand.hold("other", { pair: "ETH/USDT" });
    clock.now += MINUTE;
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 150 });
    await recover(mgr, exchange, QUICK); // closes s1
    await mgr.updatePosition("s2", { size: 1.5 });
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, unexplained: "close" });
    assert.equal(
      report.applied.map(({ type }) => type),
      ["reduce_external"],
    );
    assert.is((await mgr.getRiskState()).dailyPnl, 49.64);
  });

  test("while an exit is not known yet, a position that differs is not agreed upon", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await mgr.saveOrder({ id: "x1", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "s1" });
    await exchange.liquidate(PAIR, "long");
    const early = await recover(mgr, exchange, { ...QUICK, deadline: "1ms" });
    assert.is(early.status, "unsettled");
    await stand.away(MINUTE);
    assert.is((await recover(mgr, exchange, QUICK)).status, "recovered");
    assert.equal(await stand.holdings(), {});
  });

  test("a position that a bot closes while its fill of others is about to be booked is not booked again", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1");
    await exchange.createOrder({
      clientOrderId: "x",
      pair: PAIR,
      side: "sell",
      size: 1,
      type: "stop",
      price: 90,
      reduceOnly: true,
    });
    clock.now += MINUTE;
    await exchange.setPrice(PAIR, 90);
    const meanwhile = new Proxy(mgr, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          if (name === "getPosition") await mgr.closePosition("s1", { pnl: -10 });
          return Reflect.apply(value, target, args);
        };
      },
    });
    const report = await recover(meanwhile, exchange, { ...QUICK, exclusiveAccount: true });
    assert.is(report.status, "recovered");
    assert.is((await mgr.getRiskState()).dailyPnl, -10.1);
    assert.equal(await mgr.getPendingOrders(), []);
  });

  // What others, and orders that are on their way, have to do with it

  test("what is too much is closed without touching a stop that may guard what the flow holds", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    const guard = { clientOrderId: "guard", pair: PAIR, side: "sell", size: 1, price: 90 } as const;
    await exchange.createOrder({ ...guard, type: "stop", reduceOnly: true });
    await exchange.trade({ pair: PAIR, side: "buy", size: 0.5, price: 100 });
    await stand.away();
    await recover(mgr, exchange, QUICK);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
    assert.is((await exchange.fetchOrder("guard", PAIR))?.status, "open");
  });

  test("an orphan that grows after it was adopted is adopted whole", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    let looks = 0;
    const growing = delegate(nameless(stand), {
      fetchOpenOrders: async () => {
        looks += 1;
        if (looks === 3) await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 110 });
        return exchange.fetchOpenOrders();
      },
    });
    const report = await recover(mgr, growing, { ...QUICK, orphanPositions: "adopt" });
    assert.is(report.status, "recovered");
    assert.is(report.applied.length, 2);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [3, 3] });
  });

  test("of a position that others have opened a part of, only what the flow's orders made is the flow's", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await mgr.markSignalProcessed("earlier", PAIR); // the state was not lost
    const order = { pair: PAIR, side: "buy", type: "market", reduceOnly: false } as const;
    await exchange.createOrder({ ...order, clientOrderId: "other-1", size: 5 });
    await exchange.createOrder({ ...order, clientOrderId: "mine-1", size: 1 });
    const report = await recover(mgr, exchange, { ...QUICK, ours: { clientOrderIdPrefix: "mine-" } });
    assert.is(report.status, "recovered");
    assert.equal(
      report.applied.map(({ key }) => key),
      ["close_orphan BTC/USDT long"],
    );
    assert.equal(
      report.foreign.map(({ what }) => what),
      ["long 5"],
    );
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0, 5] });
  });

  test("an exit that was placed ahead of its entry stays", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1", { type: "limit", price: 95 });
    const exit = { pair: PAIR, side: "sell", size: 1, price: 90 } as const;
    await mgr.saveOrder({ id: "x1", ...exit, orderType: "stop", intent: "exit", positionId: "s1" });
    await exchange.createOrder({ clientOrderId: "x1", ...exit, type: "stop", reduceOnly: false });
    await recover(mgr, exchange, QUICK);
    assert.is((await exchange.fetchOrder("x1", PAIR))?.status, "open");
  });

  test("what an exit has left to do of a position is not dust", async () => {
    await using stand = await Stand.open(open, { paper: { minSize: 0.01 } });
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await mgr.saveOrder({ id: "x1", pair: PAIR, side: "sell", size: 1, price: 110, intent: "exit", positionId: "s1" });
    await stand.submit("x1", { type: "limit", price: 110 });
    await exchange.fillOrder("x1", 0.995);
    await stand.away();
    await recover(mgr, exchange, QUICK);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.005, 0.005] });
    await exchange.setPrice(PAIR, 111);
    assert.is((await recover(mgr, exchange, QUICK)).status, "recovered");
    assert.is((await mgr.getRiskState()).dailyTrades, 1);
  });

  test("a fill that closed what would be dust is booked", async () => {
    await using stand = await Stand.open(open, { paper: { minSize: 0.01 } });
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.995, price: 100 });
    await mgr.updatePosition("s1", { size: 0.005 });
    await exchange.liquidate(PAIR, "long", 200);
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      report.applied.map(({ key }) => key),
      ["book_external_fill s1 f3"],
    );
  });

  test("all positions gone need a person though others' are on the account", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await mgr.savePosition({ id: "a", pair: PAIR, side: "long", size: 1, entryPrice: 100 });
    await exchange.trade({ pair: "ETH/USDT", side: "buy", size: 1, price: 10 });
    const report = await recover(mgr, exchange, { ...QUICK, ours: { pairs: [PAIR] } });
    assert.is(report.status, "awaiting_approval");
    assert.is((await mgr.getPositions()).length, 1);
  });

  test("the order that closed an orphan does not explain what is missing of a position", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await exchange.trade({ pair: PAIR, side: "buy", size: 0.5, price: 100 });
    await recover(mgr, exchange, QUICK);
    await mgr.updatePosition("s1", { size: 1.25 });
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, unexplained: "close" });
    assert.equal(
      report.applied.map(({ type }) => type),
      ["reduce_external"],
    );
    assert.is((await mgr.getRiskState()).dailyPnl, -0.1);
  });

  test("an orphan is not closed again while the order that closes it is open", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    const slow = delegate(nameless(stand), {
      createOrder: (request: OrderRequest) => exchange.createOrder({ ...request, type: "limit", price: 120 }),
    });
    const once = { ...QUICK, deadline: "1ms" } as const;
    for (let i = 0; i < 3; i++) assert.is((await recover(mgr, slow, once)).status, "unsettled");
    assert.is((await exchange.fetchOpenOrders()).length, 1);
    await exchange.setPrice(PAIR, 121);
    assert.is((await recover(mgr, exchange, QUICK)).status, "recovered");
    assert.equal(await stand.holdings(), {});
    assert.is(exchange.seen.length, 1);
  });
};
