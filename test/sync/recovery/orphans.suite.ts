import * as assert from "uvu/assert";
import { derivedOrderId } from "../../../src/words/client-order-id.js";
import { recover } from "../../../sync/index.js";
import { closeOrderId, isCloseOrderId } from "../../../sync/plan/client-order-id.js";
import type { Theme } from "../../contract/open.js";
import { gateAt } from "./gate.js";
import { PAIR, QUICK, Stand } from "./stand.js";

export const orphans: Theme = (test, open) => {
  test("close: an orphan is closed by one reduce-only order with a derived id, its own stops first", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    const stop = {
      clientOrderId: derivedOrderId("sfo", mgr.flowId, "stop"),
      pair: PAIR,
      side: "sell",
      size: 2,
      price: 90,
    } as const;
    await exchange.createOrder({ ...stop, type: "stop", reduceOnly: true });
    const report = await recover(mgr, exchange, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), {});
    assert.equal(await exchange.fetchOpenOrders(), []);
    const [, cancel, close, ...more] = exchange.seen;
    assert.is(cancel?.method, "cancelOrder");
    assert.equal(more, []);
    if (close?.method !== "createOrder") throw new Error("no order was created");
    assert.match(close.request.clientOrderId ?? "", /^sfr[0-9a-f]{29}$/);
    assert.equal([close.request.reduceOnly, close.request.side, close.request.size], [true, "sell", 2]);
    assert.equal((await mgr.getRiskState()).dailyPnl, 0);
  });

  test("adopt: an orphan becomes a position of the flow", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "sell", size: 2, price: 104 });
    const report = await recover(mgr, exchange, { ...QUICK, orphanPositions: "adopt" });
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT short": [2, 2] });
    const [position] = await mgr.getPositions();
    assert.equal([position?.entryPrice, position?.metadata.adopted], [104, report.recoveryId]);
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  test("manual: an orphan is reported and blocks entries until a person approves that it stays", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    const report = await recover(mgr, exchange, { ...QUICK, orphanPositions: "manual" });
    assert.is(report.status, "awaiting_approval");
    assert.equal(exchange.seen, []);
    assert.ok(await mgr.getRecovery());
    const approved = await recover(mgr, exchange, {
      ...QUICK,
      orphanPositions: "manual",
      approve: report.plan.hash,
    });
    assert.is(approved.status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0, 2] });
    assert.is(await mgr.getRecovery(), undefined);
  });

  test("a reply that is lost does not close an orphan twice", async () => {
    for (const when of ["before", "after"] as const) {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
      exchange.fail("createOrder", { kind: "no_answer", when, times: 1 });
      const report = await recover(mgr, exchange, QUICK);
      assert.is(report.status, "recovered");
      assert.is(report.troubles.length, 1);
      assert.equal(await stand.holdings(), {});
      const ids = exchange.seen.map((call) => (call.method === "createOrder" ? call.request.clientOrderId : ""));
      assert.is(ids.length, 1, `${when}: ${ids}`);
    }
  });

  test("an orphan that somebody closes meanwhile counts as done", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    const gate = gateAt(exchange, "createOrder");
    const recovering = recover(mgr, gate.exchange, QUICK);
    await gate.reached;
    await exchange.trade({ pair: PAIR, side: "sell", size: 2, price: 100 });
    gate.open();
    assert.is((await recovering).status, "recovered");
    assert.equal(await stand.holdings(), {});
  });

  test("an orphan that the exchange will not close is reported when the deadline is over, and entries stay blocked", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    exchange.fail("createOrder", { kind: "rejected", times: 1_000 });
    const report = await recover(mgr, exchange, { ...QUICK, deadline: 50 });
    assert.is(report.status, "unsettled");
    assert.match(report.troubles.join("\n"), /close_orphan BTC\/USDT long: .*refuses/);
    assert.ok(await mgr.getRecovery());
    exchange.behave();
    assert.is((await recover(mgr, exchange, QUICK)).status, "recovered");
    assert.equal(await stand.holdings(), {});
  });

  test("outside of an allow-list of pairs positions are listed and not touched", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    const report = await recover(mgr, exchange, { ...QUICK, ours: { pairs: ["ETH/USDT"] } });
    assert.is(report.status, "recovered");
    assert.equal(report.foreign, [{ kind: "position", pair: PAIR, what: "long 2" }]);
    assert.equal(exchange.seen, []);
  });

  test("with a prefix of client order ids another bot's position on the account is listed and not touched", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.setPrice("ETH/USDT", 10);
    const market = { type: "market", reduceOnly: false, side: "buy", size: 1 } as const;
    await exchange.createOrder({ ...market, clientOrderId: "other-1", pair: PAIR });
    await exchange.createOrder({ ...market, clientOrderId: "mine-1", pair: "ETH/USDT" });
    const ours = { clientOrderIdPrefix: "mine-" };
    const report = await recover(mgr, exchange, { ...QUICK, ours });
    assert.is(report.status, "recovered");
    assert.equal(report.foreign, [{ kind: "position", pair: PAIR, what: "long 1" }]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0, 1] });
  });

  test("another bot's share of a position that both hold is not touched", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("mine-1");
    const market = { type: "market", reduceOnly: false, side: "buy", size: 2 } as const;
    await exchange.createOrder({ ...market, clientOrderId: "other-1", pair: PAIR });
    const report = await recover(mgr, exchange, { ...QUICK, ours: { clientOrderIdPrefix: "mine-" } });
    assert.equal(report.foreign, [{ kind: "position", pair: PAIR, what: "long 2" }]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 3] });
  });

  test("unknown orders are listed; those with the flow's prefix are cancelled", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    const limit = { type: "limit", reduceOnly: false, side: "buy", size: 1, price: 90, pair: PAIR } as const;
    await exchange.createOrder({ ...limit, clientOrderId: "other-1" });
    await exchange.createOrder({ ...limit, clientOrderId: "mine-1" });
    const report = await recover(mgr, exchange, { ...QUICK, ours: { clientOrderIdPrefix: "mine-" } });
    assert.equal(
      report.foreign.map(({ what }) => what),
      ["buy 1, other-1"],
    );
    assert.equal(
      (await exchange.fetchOpenOrders()).map(({ clientOrderId }) => clientOrderId),
      ["other-1"],
    );
  });

  test("no client order id that admit derives is taken for one of a recovery's", async () => {
    await using mgr = await open();
    for (let i = 0; i < 100; i++) {
      const answer = await mgr.admit({ signalId: `s${i}`, pair: PAIR, side: "long", size: 1, price: 1 });
      if (!answer.admitted) throw new Error(answer.message);
      assert.match(answer.order.id, /^sfo[0-9a-f]{29}$/);
      assert.not(isCloseOrderId(answer.order.id), answer.order.id);
    }
    assert.ok(isCloseOrderId(closeOrderId("flow", 1, "BTC/USDT long", 1)));
  });

  test("a flow whose state was lost trips its breaker when its orders stand at the exchange", async () => {
    await using stand = await Stand.open(open);
    const { exchange, mgr: fresh } = stand;
    await exchange.createOrder({
      clientOrderId: derivedOrderId("sfo", fresh.flowId, "s"),
      pair: PAIR,
      side: "buy",
      size: 1,
      type: "market",
      reduceOnly: false,
    });
    const report = await recover(fresh, exchange, QUICK);
    assert.equal(
      report.applied.map(({ type }) => type),
      ["close_orphan", "trip_breaker"],
    );
    const breaker = await fresh.getCircuitBreaker();
    assert.is(breaker.active, true);
    assert.match(breaker.reason ?? "", /the state was lost/);
    assert.equal(breaker.until, new Date(Date.UTC(2024, 2, 6)));
  });
};
