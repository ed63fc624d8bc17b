import * as assert from "uvu/assert";
import { recover } from "../../../sync/index.js";
import type { Theme } from "../../contract/open.js";
import { dayOver } from "../../contract/samples.js";
import { HOUR, MINUTE, PAIR, QUICK, Stand } from "./stand.js";

const ETH = "ETH/USDT";

export const positions: Theme = (test, open) => {
  test("what agrees is left alone", async () => {
    await using stand = await Stand.open(open);
    await stand.hold("s1");
    const before = await stand.mgr.snapshot();
    const report = await recover(stand.mgr, stand.exchange, QUICK);
    assert.equal([report.status, report.applied, report.foreign, report.waiting], ["recovered", [], [], []]);
    assert.equal(await stand.mgr.snapshot(), before);
  });

  test("a position that was liquidated is booked from its fill, at the fill's time, with streak and cooldown", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1", { cooldown: 3 * HOUR });
    clock.now += MINUTE;
    await exchange.liquidate(PAIR, "long", 60);
    const at = clock.now;
    await stand.away(HOUR);
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      report.applied.map(({ type }) => type),
      ["book_external_fill"],
    );
    const risk = await mgr.getRiskState();
    assert.equal([risk.dailyPnl, risk.dailyTrades, risk.consecutiveLosses], [-40.16, 1, 1]);
    assert.equal(await mgr.getCooldown(PAIR), new Date(at + 3 * HOUR));
    assert.equal(await stand.holdings(), {});
    assert.equal(await mgr.getPendingOrders(), []);
  });

  test("a position that was closed by hand yesterday is booked yesterday", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 110 });
    await stand.away(24 * HOUR);
    await recover(mgr, exchange, QUICK);
    assert.is((await mgr.getRiskState()).dailyPnl, 0);
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", 9.79, 1, { closed: 9.79 })]);
  });

  test("a position that was reduced by hand is reduced, with the PnL of the fills, and only once", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.25, price: 110 });
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.05, price: 120 });
    await stand.away();
    const first = await recover(mgr, exchange, QUICK);
    assert.is(first.applied.length, 2);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.7, 0.7] });
    assert.is((await mgr.getRiskState()).dailyPnl, 3.3665);
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.7, price: 100 });
    await recover(mgr, exchange, QUICK);
    assert.equal(await stand.holdings(), {});
    assert.is((await mgr.getRiskState()).dailyPnl, 3.2965);
  });

  test("a position that was turned around: the old one is closed, the new one is an orphan", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await exchange.trade({ pair: PAIR, side: "sell", size: 1.5, price: 110 });
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, orphanPositions: "adopt" });
    assert.equal(
      report.applied.map(({ type }) => type),
      ["book_external_fill", "adopt_orphan"],
    );
    assert.equal(await stand.holdings(), { "BTC/USDT short": [0.5, 0.5] });
    // Of the fill's fee of 0.165, two thirds fall to the position that it closed.
    assert.is((await mgr.getRiskState()).dailyPnl, 9.79);
    const [adopted] = await mgr.getPositions();
    assert.is(adopted?.entryPrice, 110);
  });

  test("what is there beyond a tracked position is an orphan, and is closed without touching the position", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await exchange.trade({ pair: PAIR, side: "buy", size: 0.5, price: 100 });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
    const created = exchange.seen.filter(({ method }) => method === "createOrder");
    assert.is(created.length, 2);
    assert.is((await mgr.getRiskState()).dailyPnl, -0.1);
  });

  test("two positions of one pair and side share what is left there, the oldest is closed first", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1");
    clock.now += MINUTE;
    await stand.hold("s2");
    clock.now += MINUTE;
    await exchange.trade({ pair: PAIR, side: "sell", size: 1.5, price: 110 });
    await recover(mgr, exchange, QUICK);
    const left = await mgr.getPositions();
    assert.equal(
      left.map(({ id, size }) => [id, size]),
      [["s2", 0.5]],
    );
    assert.is((await mgr.getRiskState()).dailyPnl, 14.635);
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  test("a position that is gone without any fill waits for a person, and ends untold when that one approves", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.setPrice(ETH, 10);
    await stand.hold("s1");
    await mgr.savePosition({ id: "ghost", pair: ETH, side: "long", size: 3, entryPrice: 10 });
    const asked = await recover(mgr, exchange, QUICK);
    assert.equal([asked.status, asked.applied], ["awaiting_approval", []]);
    assert.equal(
      asked.plan.actions.map(({ type, key }) => [type, key]),
      [["close_external", "close_external ghost"]],
    );
    assert.match(asked.plan.actions[0]?.needsPerson ?? "", /no fill says how.*its result is not known/s);
    assert.match(asked.notes.join("\n"), /ETH\/USDT: position ghost of 3 is gone and no fill says how/);
    assert.is((await mgr.getPosition("ghost"))?.size, 3);

    const done = await recover(mgr, exchange, { ...QUICK, approve: asked.plan.hash });
    assert.is(done.status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
    const [trade] = await mgr.getTrades();
    assert.equal([trade?.id, trade?.untold, trade?.pnl], ["ghost", 3, 0]);
    // Counted, without a result: nothing but the entry's fee is booked, and the streak stays.
    const { dailyTrades, dailyPnl, consecutiveLosses } = await mgr.getRiskState();
    assert.equal([dailyTrades, dailyPnl, consecutiveLosses], [1, -0.1, 0]);
  });

  test("with unexplained: close such a position ends untold by itself", async () => {
    await using stand = await Stand.open(open, { config: { recovery: { unexplained: "close" } } });
    const { mgr, exchange } = stand;
    await exchange.setPrice(ETH, 10);
    await stand.hold("s1");
    await mgr.savePosition({ id: "ghost", pair: ETH, side: "long", size: 3, entryPrice: 10 });
    assert.is((await recover(mgr, exchange, QUICK)).status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
    const [trade] = await mgr.getTrades();
    assert.equal([trade?.id, trade?.untold, trade?.pnl], ["ghost", 3, 0]);
  });

  test("a position that is smaller without any fill waits for a person, and is reduced when that one approves", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await mgr.updatePosition("s1", { size: 1.25 });
    const asked = await recover(mgr, exchange, QUICK);
    assert.equal([asked.status, asked.applied], ["awaiting_approval", []]);
    const report = await recover(mgr, exchange, { ...QUICK, approve: asked.plan.hash });
    assert.equal(
      report.applied.map(({ type }) => type),
      ["reduce_external"],
    );
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
    assert.is((await mgr.getRiskState()).dailyPnl, -0.1);
  });

  test("all positions gone at once without a fill need a person, and entries stay blocked until one approves", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await mgr.savePosition({ id: "a", pair: PAIR, side: "long", size: 1, entryPrice: 100 });
    await mgr.savePosition({ id: "b", pair: ETH, side: "short", size: 2, entryPrice: 10 });
    const report = await recover(mgr, exchange, QUICK);
    assert.is(report.status, "awaiting_approval");
    assert.is((await mgr.getPositions()).length, 2);
    const entry = await mgr.admit({ signalId: "s", pair: PAIR, side: "long", size: 1, price: 100 });
    assert.is(entry.admitted || entry.reason, "recovering");
    assert.is((await mgr.closePosition("b", { pnl: 1 })).closed, true);
    const again = await recover(mgr, exchange, QUICK);
    const approved = await recover(mgr, exchange, { ...QUICK, approve: again.plan.hash });
    assert.is(approved.status, "recovered");
    assert.equal(await mgr.getPositions(), []);
  });

  test("dust is removed and noted, and dust beyond a position stays where it is", async () => {
    await using stand = await Stand.open(open, { paper: { minSize: 0.01 } });
    const { mgr, exchange } = stand;
    await exchange.setPrice(ETH, 10);
    await stand.hold("s1");
    await mgr.savePosition({ id: "dust", pair: ETH, side: "long", size: 0.004, entryPrice: 10 });
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      report.applied.map(({ type }) => type),
      ["remove_dust"],
    );
    assert.match(report.notes.join("\n"), /position dust of 0.004 is dust/);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
  });

  test("in hedge mode long and short of a pair are kept apart", async () => {
    await using stand = await Stand.open(open, { paper: { mode: "hedge" } });
    const { mgr, exchange } = stand;
    await stand.hold("l1");
    await stand.hold("h1", { side: "short" });
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 120, positionSide: "long", reduceOnly: true });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      report.applied.map(({ key }) => key.split(" ").slice(0, 2)),
      [["book_external_fill", "l1"]],
    );
    assert.equal(await stand.holdings(), { "BTC/USDT short": [1, 1] });
  });

  test("rows of size zero are ignored", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 100 });
    exchange.fail("fetchPositions", { kind: "zero_rows", times: 2 });
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      report.applied.map(({ type }) => type),
      ["book_external_fill"],
    );
  });

  test("ETH/USDT in state is ETH/USDT:USDT at an exchange of contracts", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.setPrice("ETH/USDT:USDT", 10);
    await mgr.savePosition({ id: "p", pair: ETH, side: "long", size: 1, entryPrice: 10 });
    await exchange.trade({ pair: "ETH/USDT:USDT", side: "buy", size: 1, price: 10 });
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied, report.foreign], ["recovered", [], []]);
    const closed = await recover(mgr, exchange, { ...QUICK, mode: "close_all" });
    assert.is(closed.status, "recovered");
    assert.equal(await stand.holdings(), {});
  });

  test("a contract size that is not 1 makes no difference", async () => {
    await using stand = await Stand.open(open, { paper: { contractSize: 0.001 } });
    const { mgr, exchange } = stand;
    await stand.hold("s1", { size: 0.3 });
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.1, price: 100 });
    await recover(mgr, exchange, QUICK);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.2, 0.2] });
  });

  test("in spot a fee taken in the base coin makes the position smaller, and is booked at the fill's price", async () => {
    await using stand = await Stand.open(open, { paper: { market: "spot" } });
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.999, 0.999] });
    assert.is((await mgr.getRiskState()).dailyPnl, -0.1);
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  test("exits of a position that is gone are cancelled at the exchange", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await stand.stop("x1", "s1", 90);
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 110 });
    const report = await recover(mgr, exchange, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(await exchange.fetchOpenOrders(), []);
    assert.equal(await mgr.getPendingOrders(), []);
  });

  test("an entry that was filled and closed by hand while the bot was down is booked both ways", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    clock.now += MINUTE;
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 110 });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), {});
    const risk = await mgr.getRiskState();
    assert.equal([risk.dailyPnl, risk.dailyTrades], [9.79, 1]);
  });
};
