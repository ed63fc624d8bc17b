/** What is gone, what is left over, and what is taken over: at which price, and on which grounds. */
import * as assert from "uvu/assert";
import { recover } from "../../../sync/index.js";
import type { Theme } from "../../contract/open.js";
import { delegate } from "./delegate.js";
import { HOUR, MINUTE, PAIR, QUICK, Stand } from "./stand.js";

const SECOND = 1_000;

export const gone: Theme = (test, open) => {
  test("a fill that is a little older than the entry it closed is booked to it", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    clock.now += 2 * SECOND;
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 80 });
    clock.now += 3 * SECOND;
    const [entry] = await exchange.fetchFills(PAIR, new Date(0));
    if (!entry) throw new Error("no fill");
    // A bot that tells no time: the entry is later than what closed it.
    await mgr.recordFill("s1", { fillId: entry.fillId, price: entry.price, size: entry.size, fee: entry.fee });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied.map(({ key }) => key)], ["recovered", ["book_external_fill s1 f2"]]);
    const { dailyPnl, consecutiveLosses } = await mgr.getRiskState();
    assert.equal([dailyPnl, consecutiveLosses], [-20.18, 1]);
  });

  test("a fill that closed an earlier trade does not explain what became of the next one", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1");
    clock.now += MINUTE;
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 80 });
    clock.now += SECOND;
    await mgr.closePosition("s1", { pnl: -20.08 });
    clock.now += SECOND;
    await mgr.savePosition({ id: "s2", pair: PAIR, side: "long", size: 1, entryPrice: 80 });
    await exchange.setPrice("ETH/USDT", 10);
    await stand.hold("other", { pair: "ETH/USDT" });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      [report.status, report.plan.actions.map(({ key }) => key)],
      ["awaiting_approval", ["close_external s2"]],
    );
    // The entry's fee, what the bot told, and the other entry's fee.
    assert.is((await mgr.getRiskState()).dailyPnl, -20.19);
  });

  test("a fill is booked once, though it is booked in part to a position that is gone", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1");
    clock.now += MINUTE;
    await stand.hold("s2");
    await exchange.trade({ pair: PAIR, side: "sell", size: 1.5, price: 110 });
    await recover(mgr, exchange, QUICK);
    await mgr.updatePosition("s2", { size: 1 });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      [report.status, report.plan.actions.map(({ key }) => key)],
      ["awaiting_approval", ["reduce_external s2"]],
    );
  });

  test("a contract that has expired is named, with what a person can do", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    const pair = "BTC/USDT:USDT-240306";
    await exchange.setPrice(pair, 100);
    await stand.hold("kept");
    await stand.hold("dated", { pair, size: 10 });
    await stand.away(24 * HOUR);
    const expires = new Date(clock.now - HOUR);
    const settled = delegate(exchange, {
      fetchPositions: async () => (await exchange.fetchPositions()).filter((row) => row.pair !== pair),
      fetchMarket: async (name) => ({
        ...{ settle: "USDT", inverse: false, contractSize: 1, minSize: 0 },
        ...(name === pair && { expires }),
      }),
    });
    const report = await recover(mgr, settled, QUICK);
    assert.is(report.status, "awaiting_approval");
    const [action] = report.plan.actions;
    assert.is(action?.key, "close_external dated");
    assert.ok(action?.evidence.includes(`the contract was settled at ${expires.toISOString()}`));
    assert.match(action?.needsPerson ?? "", /the contract was settled at .*closePosition\("dated", \{ pnl \}\)/);
    assert.is((await mgr.getRiskState()).dailyTrades, 0);
  });

  test("a contract that has expired is named also where it was all that the flow held", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    const pair = "BTC/USDT:USDT-240306";
    await exchange.setPrice(pair, 100);
    await stand.hold("dated", { pair });
    await stand.away(24 * HOUR);
    const expires = new Date(clock.now - HOUR);
    const settled = delegate(exchange, {
      fetchPositions: async () => [],
      fetchMarket: async () => ({ settle: "USDT", inverse: false, contractSize: 1, minSize: 0, expires }),
    });
    const [action] = (await recover(mgr, settled, QUICK)).plan.actions;
    assert.match(
      action?.needsPerson ?? "",
      /is this the right account\? If it is: the contract was settled at .*closePosition\("dated", \{ pnl \}\)/,
    );
  });

  test("rests that cannot be sold end each by itself, though together they could be", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    for (const id of ["s1", "s2"]) {
      await stand.hold(id);
      const exit = { id: `x-${id}`, pair: PAIR, side: "sell", size: 0.994, intent: "exit", positionId: id } as const;
      await mgr.saveOrder({ ...exit, orderType: "market" });
      await stand.submit(exit.id);
      await stand.book(exit.id);
    }
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, minSize: 0.01 });
    assert.equal(
      [report.status, report.applied.map(({ key }) => key)],
      ["recovered", ["remove_dust s1", "remove_dust s2"]],
    );
    assert.equal([(await mgr.getPositions()).length, (await mgr.getRiskState()).dailyTrades], [0, 2]);
  });

  test("with unexplained: close what is gone ends untold: counted, and no result is made up", async () => {
    await using stand = await Stand.open(open, { config: { recovery: { unexplained: "close" } } });
    const { mgr, exchange } = stand;
    await exchange.setPrice("ETH/USDT", 10);
    await stand.hold("kept", { pair: "ETH/USDT" });
    await stand.hold("s1");
    const settled = delegate(exchange, {
      fetchPositions: async () => (await exchange.fetchPositions()).filter(({ pair }) => pair !== PAIR),
    });
    assert.is((await recover(mgr, settled, QUICK)).status, "recovered");
    const [trade] = await mgr.getTrades();
    assert.equal([trade?.id, trade?.untold], ["s1", 1]);
    // The fees of both entries, and nothing else.
    const { dailyPnl, dailyTrades, consecutiveLosses } = await mgr.getRiskState();
    assert.equal([dailyPnl, dailyTrades, consecutiveLosses], [-0.11, 1, 0]);
  });

  test("with unexplained: close a position that has shrunk is made smaller, and an event tells that nobody said what that made", async () => {
    await using stand = await Stand.open(open, { config: { recovery: { unexplained: "close" } } });
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    const smaller = delegate(exchange, {
      fetchPositions: async () =>
        (await exchange.fetchPositions()).map(({ notional: _, ...row }) => ({ ...row, size: 0.4 })),
    });
    assert.is((await recover(mgr, smaller, QUICK)).status, "recovered");
    assert.is((await mgr.getPosition("s1"))?.size, 0.4);
    const told = (await mgr.getEvents()).filter(({ type }) => type === "difference_found");
    assert.is(told.length, 1);
    assert.match(JSON.stringify(told[0]), /s1 is 0\.4 .*, not 1, and no fill says why/);
  });

  test("what fees have eaten of a position is told with bookCash, and is no trade", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("bnb");
    const eaten = delegate(exchange, {
      fetchPositions: async () => (await exchange.fetchPositions()).map((row) => ({ ...row, size: 0.99 })),
    });
    const report = await recover(mgr, eaten, QUICK);
    assert.equal(
      [report.status, report.plan.actions.map(({ key }) => key)],
      ["awaiting_approval", ["reduce_external bnb"]],
    );
    assert.match(
      report.plan.actions[0]?.needsPerson ?? "",
      /updatePosition\("bnb", \{ size: 0\.99 \}\).*bookCash\(AMOUNT, \{ id, kind, positionId: "bnb" \}\)/,
    );
    await mgr.updatePosition("bnb", { size: 0.99 });
    await mgr.bookCash(-1, { id: "eaten", kind: "correction", positionId: "bnb" });
    assert.is((await recover(mgr, eaten, QUICK)).status, "recovered");
    const { dailyPnl, dailyTrades } = await mgr.getRiskState();
    assert.equal([dailyPnl, dailyTrades], [-1.1, 0]);
  });

  test("an excess is taken over at the price of its own fills", async () => {
    await using stand = await Stand.open(open, { paper: { fees: { maker: 0, taker: 0 } } });
    const { mgr, exchange } = stand;
    await stand.hold("s1", { size: 10 });
    await stand.away();
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 103 });
    await exchange.trade({ pair: PAIR, side: "buy", size: 3, price: 108 });
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, orphanPositions: "adopt" });
    assert.is(report.status, "recovered");
    // (2 x 103 + 3 x 108) / 5; the account's average is 102.
    assert.equal(
      (await mgr.getPositions()).map(({ size, entryPrice }) => [size, entryPrice]),
      [
        [10, 100],
        [5, 106],
      ],
    );
    assert.equal((await exchange.fetchPositions())[0]?.entryPrice, 102);
  });

  test("where its fills are not told, the account's average says its price by difference, and none that is not above zero", async () => {
    for (const [average, price] of [
      [102, 106],
      [60, undefined],
    ] as const) {
      await using stand = await Stand.open(open, { paper: { fees: { maker: 0, taker: 0 } } });
      const { mgr, exchange } = stand;
      await stand.hold("s1", { size: 10 });
      await exchange.trade({ pair: PAIR, side: "buy", size: 5, price: 106 });
      const silent = delegate(exchange, {
        fetchPositions: async () => (await exchange.fetchPositions()).map((row) => ({ ...row, entryPrice: average })),
        fetchFills: async () => [],
      });
      const report = await recover(mgr, silent, { ...QUICK, orphanPositions: "adopt", exclusiveAccount: true });
      // (15 x 102 - 10 x 100) / 5 = 106; (15 x 60 - 10 x 100) / 5 = -20.
      assert.equal(
        (await mgr.getPositions()).map(({ size, entryPrice }) => [size, entryPrice]),
        price === undefined
          ? [[10, 100]]
          : [
              [10, 100],
              [5, price],
            ],
      );
      assert.is(report.status, price === undefined ? "awaiting_approval" : "recovered");
    }
  });

  test("what a trade left that cannot be sold is no orphan", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await mgr.saveOrder({ id: "x1", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "s1" });
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.996, price: 100 });
    await mgr.recordFill("x1", { fillId: "mine", price: 100, size: 0.996, done: true, dust: 0.01 });
    assert.equal(await mgr.getPositions(), []);
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied], ["recovered", []]);
    assert.match(report.notes.join("\n"), /0\.004 long too much is a rest of trades that could not be sold/);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0, 0.004] });
  });

  test("a position in another currency is taken over at a rate, and waits for a person without one", async () => {
    for (const rates of [undefined, () => 60_000]) {
      await using stand = await Stand.open(open, { config: { risk: { currency: "USDT" } } });
      const { mgr, exchange } = stand;
      const pair = "ETH/BTC";
      await exchange.setPrice(pair, 0.05);
      await exchange.trade({ pair, side: "buy", size: 2, price: 0.05 });
      const report = await recover(mgr, exchange, { ...QUICK, orphanPositions: "adopt", ...(rates && { rates }) });
      assert.is(report.status, rates ? "recovered" : "awaiting_approval");
      if (!rates) assert.match(report.plan.actions[0]?.needsPerson ?? "", /--rate BTC=RATE/);
      assert.equal(
        (await mgr.getPositions()).map(({ size, entryPrice }) => [size, entryPrice]),
        rates ? [[2, 0.05]] : [],
      );
    }
  });

  test("what ends a position in two steps is reported once each, though the first changes what the second was planned on", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.setPrice("ETH/USDT", 10);
    await stand.hold("other", { pair: "ETH/USDT" });
    await stand.hold("s1");
    await stand.away(MINUTE);
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.4, price: 110 });
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.6, price: 110 });
    await stand.away();
    const seen = delegate(exchange, {
      fetchFills: async (pair, since) => (await exchange.fetchFills(pair, since)).filter(({ size }) => size !== 0.6),
    });
    const report = await recover(mgr, seen, { ...QUICK, unexplained: "close", exclusiveAccount: true });
    assert.equal(
      [report.status, report.applied.map(({ type }) => type)],
      ["recovered", ["book_external_fill", "close_external"]],
    );
    assert.is((await mgr.getUntoldTrades())[0]?.untold, 0.6);
  });
};
