import * as assert from "uvu/assert";
import { recover } from "../../../sync/index.js";
import type { Theme } from "../../contract/open.js";
import { dayOver } from "../../contract/samples.js";
import { HOUR, MINUTE, PAIR, QUICK, Stand } from "./stand.js";

export const orders: Theme = (test, open) => {
  test("an entry that was filled while the bot was down is booked at its fills' time", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    const filledAt = new Date(stand.clock.now);
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(
      report.applied.map(({ type }) => type),
      ["record_fill"],
    );
    const [position] = await mgr.getPositions();
    assert.equal(position && { ...position, metadata: {} }, {
      id: "s1",
      pair: PAIR,
      side: "long",
      size: 1,
      entryPrice: 100,
      entryTs: filledAt,
      realised: -0.1,
      fees: 0.1,
      cash: 0,
      metadata: {},
      openedBy: "fills",
      version: 1,
    });
    assert.is((await mgr.getRiskState()).dailyPnl, -0.1);
    assert.equal(await mgr.getPendingOrders(), []);
    assert.is(await mgr.getRecovery(), undefined);
  });

  test("an entry that is partly filled is booked so far, and stays pending", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1", { type: "limit", price: 90 });
    await exchange.fillOrder("s1", 0.4);
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.4, 0.4] });
    const [order] = await mgr.getPendingOrders();
    assert.equal([order?.status, order?.filled], ["partially_filled", 0.4]);
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  test("an entry that waits at the exchange is open", async () => {
    await using stand = await Stand.open(open);
    await stand.admit("s1");
    await stand.submit("s1", { type: "limit", price: 90 });
    await recover(stand.mgr, stand.exchange, QUICK);
    assert.is((await stand.mgr.getOrder("s1"))?.status, "open");
  });

  test("an entry that was rejected gives back its slot, and its signal stays acted on", async () => {
    await using stand = await Stand.open(open, { config: { risk: { max_open_positions: 1 } } });
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1", { type: "limit", price: 90 });
    await exchange.cancelOrder("s1", PAIR);
    await recover(mgr, exchange, QUICK);
    assert.equal(await mgr.getPendingOrders(), []);
    assert.is(await mgr.isSignalProcessed("s1"), true);
    await stand.admit("s2");
  });

  test("an entry that never arrived is given up when it is older than the grace period, and not before", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.away(MINUTE - 1);
    const young = await recover(mgr, exchange, QUICK);
    assert.equal([young.status, young.applied, young.waiting.length], ["recovered", [], 1]);
    assert.is((await mgr.getOrder("s1"))?.status, "intent");
    await stand.away(1);
    const old = await recover(mgr, exchange, QUICK);
    assert.equal(
      old.applied.map(({ type, key }) => [type, key]),
      [["end_order", "end_order s1"]],
    );
    assert.equal(await mgr.getPendingOrders(), []);
    assert.equal(exchange.seen, []);
  });

  test("an order that is not known once is asked for again", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    await stand.away();
    exchange.fail("fetchOrder", { kind: "empty", times: 1 });
    await recover(mgr, exchange, QUICK);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
  });

  test("a stop that was hit while the bot was down is booked on its own day, and cools down from its own time", async () => {
    await using stand = await Stand.open(open, { config: { risk: { max_consecutive_losses: 1 } } });
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1", { cooldown: 30 * HOUR });
    await stand.stop("x1", "s1", 90);
    clock.now += MINUTE;
    await exchange.setPrice(PAIR, 90);
    const at = clock.now;
    await stand.away(24 * HOUR);
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      report.applied.map(({ type }) => type),
      ["record_fill"],
    );
    assert.equal(await stand.holdings(), {});
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", -10.19, 1, { closed: -10.19 })]);
    const risk = await mgr.getRiskState();
    assert.equal([risk.day, risk.dailyPnl, risk.consecutiveLosses], ["2024-03-06", 0, 1]);
    assert.is(risk.circuitBreakerActive, true);
    assert.equal(await mgr.getCooldown(PAIR), new Date(at + 30 * HOUR));
  });

  test("fills that the bot booked under names of its own are not booked again", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    await mgr.recordFill("s1", { fillId: "mine-1", price: 100, size: 1, fee: 0.1 });
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied], ["recovered", []]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
  });

  test("a fill of an order that is over in state is booked", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    await mgr.cancelOrder("s1");
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      report.applied.map(({ key }) => key.split(" ")[0]),
      ["record_fill"],
    );
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
  });

  test("an order that is over in state and open at the exchange is cancelled there", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1", { type: "limit", price: 90 });
    await mgr.cancelOrder("s1");
    await recover(mgr, exchange, QUICK);
    assert.equal(await exchange.fetchOpenOrders(), []);
  });
};
