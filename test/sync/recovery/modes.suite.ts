import * as assert from "uvu/assert";
import { LockedError, StaleStateError } from "../../../src/index.js";
import { derivedOrderId } from "../../../src/words/client-order-id.js";
import { applyRecovery, ExchangeError, planRecovery, recover } from "../../../sync/index.js";
import { closeOrderId } from "../../../sync/plan/client-order-id.js";
import { another } from "../../contract/another.js";
import { failure } from "../../contract/expect.js";
import type { Theme } from "../../contract/open.js";
import { gateAt } from "./gate.js";
import { HOUR, PAIR, QUICK, Stand } from "./stand.js";

const ETH = "ETH/USDT";

async function refusal({ mgr }: Stand): Promise<string> {
  const answer = await mgr.admit({ signalId: "probe", pair: "XRP/USDT", side: "long", size: 1, price: 1 });
  if (answer.admitted) await mgr.cancelOrder(answer.order.id, { releaseSignal: true });
  return answer.admitted ? "admitted" : answer.reason;
}

export const modes: Theme = (test, open) => {
  test("restore trusts the store and does not ask the exchange", async () => {
    await using stand = await Stand.open(open);
    await stand.hold("s1");
    stand.exchange.down = true;
    const report = await recover(stand.mgr, stand.exchange, { ...QUICK, mode: "restore" });
    assert.is(report.status, "recovered");
    assert.is((await stand.mgr.getPositions()).length, 1);
    assert.is(await refusal(stand), "admitted");
  });

  test("restore refuses a state that is older than max_state_age, and entries stay blocked", async () => {
    await using stand = await Stand.open(open, { config: { recovery: { mode: "restore", max_state_age: "1h" } } });
    await stand.away(HOUR + 1);
    const error = await failure(recover(stand.mgr, stand.exchange, QUICK));
    assert.instance(error, StaleStateError);
    assert.match(error.message, /60 min old, and at most 60 min are allowed/);
    assert.is(await refusal(stand), "recovering");
    assert.is((await recover(stand.mgr, stand.exchange, { ...QUICK, mode: "sync" })).status, "recovered");
  });

  test("no mode clears the breaker, however old the state", async () => {
    for (const mode of ["sync", "close_all", "manual"] as const) {
      await using stand = await Stand.open(open);
      await stand.mgr.triggerCircuitBreaker("three losses", { duration: "until_reset" });
      await stand.away(1_000 * HOUR);
      const report = await recover(stand.mgr, stand.exchange, { ...QUICK, mode });
      assert.is(report.status, "recovered");
      assert.match(report.notes.join("\n"), /the breaker stays as it is/);
      assert.is((await stand.mgr.getCircuitBreaker()).reason, "three losses");
    }
  });

  test("close_all cancels what is pending and flattens what is tracked, booked from the fills", async () => {
    await using stand = await Stand.open(open, { paper: { fills: "partial" } });
    const { mgr, exchange } = stand;
    await exchange.setPrice(ETH, 100);
    await stand.hold("s1");
    await stand.stop("x1", "s1", 90);
    await stand.hold("s2", { pair: ETH, side: "short", size: 3 });
    await stand.admit("s3", { size: 2 });
    await stand.submit("s3", { type: "limit", price: 80 });
    await exchange.setPrice(PAIR, 105);
    const report = await recover(mgr, exchange, { ...QUICK, mode: "close_all" });
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), {});
    assert.equal(await exchange.fetchOpenOrders(), []);
    assert.equal(await mgr.getPendingOrders(), []);
    const risk = await mgr.getRiskState();
    assert.is(risk.dailyTrades, 2);
    assert.ok(Math.abs(risk.dailyPnl - (5 - 0.1 - 0.105 - 0.3 - 0.3)) < 1e-6, String(risk.dailyPnl));
    assert.is(exchange.balance, 100_000 + risk.dailyPnl);
    assert.equal((await recover(mgr, exchange, { ...QUICK, mode: "close_all" })).applied, []);
  });

  test("close_all of a position that is gone meanwhile counts as done", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    const gate = gateAt(exchange, "createOrder");
    const recovering = recover(mgr, gate.exchange, { ...QUICK, mode: "close_all" });
    await gate.reached;
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 120 });
    gate.open();
    assert.is((await recovering).status, "recovered");
    assert.equal(await stand.holdings(), {});
    assert.is((await mgr.getRiskState()).dailyPnl, 19.78);
    assert.equal(await mgr.getPendingOrders(), []);
  });

  test("manual plans, blocks entries until the plan is approved by its hash, and then does what it says", async () => {
    await using stand = await Stand.open(open, { config: { recovery: { mode: "manual" } } });
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    assert.is(await refusal(stand), "recovering");
    assert.equal(await mgr.getPositions(), []);
    const wrong = await failure(recover(mgr, exchange, { ...QUICK, approve: "0000000000000000" }));
    assert.instance(wrong, StaleStateError);
    assert.match(wrong.message, new RegExp(`is plan ${report.plan.hash}`));
    const approved = await recover(mgr, exchange, { ...QUICK, approve: report.plan.hash });
    assert.is(approved.status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
    assert.is(await refusal(stand), "admitted");
  });

  test("a plan that is out of date is not carried out", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
    const plan = await planRecovery(mgr, exchange, QUICK);
    assert.is(await mgr.getRecovery(), undefined);
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
    const error = await failure(applyRecovery(mgr, exchange, plan, QUICK));
    assert.instance(error, StaleStateError);
    assert.equal(exchange.seen, []);
    const fresh = await planRecovery(mgr, exchange, QUICK);
    assert.is((await applyRecovery(mgr, exchange, fresh, QUICK)).status, "recovered");
    assert.equal(await stand.holdings(), {});
  });

  test("a dry run touches nothing", async () => {
    await using stand = await Stand.open(open);
    await stand.exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
    const before = await stand.mgr.snapshot();
    const report = await recover(stand.mgr, stand.exchange, { ...QUICK, dryRun: true });
    assert.equal([report.status, report.plan.actions.length], ["dry_run", 1]);
    assert.equal(stand.exchange.seen, []);
    assert.equal(await stand.mgr.snapshot(), before);
    assert.equal(await stand.mgr.getEvents(), []);
  });

  test("plans of the same thing have the same hash, of another thing another", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
    const one = await planRecovery(mgr, exchange, QUICK);
    await stand.away();
    const two = await planRecovery(mgr, exchange, QUICK);
    await exchange.trade({ pair: PAIR, side: "buy", size: 0.5, price: 100 });
    const three = await planRecovery(mgr, exchange, QUICK);
    assert.is(one.hash, two.hash);
    assert.is.not(one.hash, three.hash);
  });

  test("an option that is none names itself", async () => {
    await using stand = await Stand.open(open);
    const wrong: readonly [Record<string, unknown>, string][] = [
      [{ mode: "fast" }, "options.mode"],
      [{ confirmations: 0 }, "options.confirmations"],
      [{ tolerance: 1 }, "options.tolerance"],
      [{ minSize: -1 }, "options.minSize"],
      [{ grace: "soon" }, "options.grace"],
      [{ mod: "sync" }, "options.mod"],
    ];
    for (const [options, name] of wrong) {
      const error = await failure(recover(stand.mgr, stand.exchange, Object.assign({}, options)));
      assert.ok(error.message.startsWith(name), error.message);
    }
    assert.is(await stand.mgr.getRecovery(), undefined);
  });

  test("what the positions seem to say right after a fill waits until they can be believed", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1");
    exchange.fail("fetchPositions", { kind: "empty", times: 1_000 }); // it lags
    const careful = { ...QUICK, settle: "10s", deadline: 20 } as const;
    const early = await recover(mgr, exchange, careful);
    assert.equal([early.status, early.applied], ["unsettled", []]);
    assert.match(early.waiting[0]?.why ?? "", /^fill \S+ is younger than 10 s: the positions may lag behind it$/);
    exchange.behave();
    assert.equal((await recover(mgr, exchange, careful)).status, "recovered");
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
    assert.is((await recover(mgr, exchange, careful)).status, "unsettled");
    clock.now += 10_001;
    assert.equal(
      (await recover(mgr, exchange, { ...careful, deadline: "5s" })).applied.map(({ type }) => type),
      ["close_orphan"],
    );
  });

  test("on what may be the wrong account nothing is closed, adopted or cancelled without a person", async () => {
    for (const orphanPositions of ["close", "adopt"] as const) {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await exchange.setPrice(ETH, 10);
      await mgr.savePosition({ id: "a", pair: PAIR, side: "long", size: 1, entryPrice: 100 });
      await exchange.trade({ pair: ETH, side: "buy", size: 5, price: 10 });
      const report = await recover(mgr, exchange, { ...QUICK, orphanPositions });
      assert.equal([report.status, report.applied], ["awaiting_approval", []]);
      assert.equal(
        report.plan.actions.map(({ needsPerson }) => needsPerson?.slice(0, 23)),
        ["every position is gone ", "every position is gone "],
      );
      assert.equal(exchange.seen, []);
    }
  });

  // What the exchange does not say

  for (const method of ["fetchPositions", "fetchOpenOrders", "fetchOrder", "fetchFills"] as const) {
    test(`when ${method} does not answer, nothing is changed, entries stay blocked, the error says what was asked`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await stand.hold("s1");
      await stand.stop("x1", "s1", 90);
      await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 110 });
      exchange.fail(method, { kind: "rate_limit", times: 1_000 });
      const { at: _, ...before } = await mgr.snapshot();
      const sent = exchange.seen;
      const error = await failure(recover(mgr, exchange, QUICK));
      assert.instance(error, ExchangeError);
      assert.match(
        error.message,
        /nothing was changed and entries stay blocked, because paper did not answer everything: .*too many requests/,
      );
      const { at: __, ...after } = await mgr.snapshot();
      assert.equal(Object.assign({}, after, { recovering: 0 }), Object.assign({}, before, { recovering: 0 }));
      assert.equal(exchange.seen, sent);
      assert.is(await refusal(stand), "recovering");
      exchange.behave();
      assert.is((await recover(mgr, exchange, QUICK)).status, "recovered");
      assert.equal(await stand.holdings(), {});
      assert.is(await refusal(stand), "admitted");
    });
  }

  test("what an exchange only learns while it is read is among the notes", async () => {
    await using stand = await Stand.open(open);
    await stand.hold("s1");
    const limitations: string[] = [];
    const gate = gateAt(stand.exchange, "fetchOpenOrders");
    const learning = Object.defineProperty(gate.exchange, "limitations", { get: () => [...limitations] });
    const planning = planRecovery(stand.mgr, learning, QUICK);
    await gate.reached;
    limitations.push("a fill names no fee");
    gate.open();
    assert.equal((await planning).notes, ["a fill names no fee"]);
  });

  test("an exchange that hangs is one that does not answer", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    for (const method of ["fetchPositions", "fetchOpenOrders", "fetchFills"] as const) {
      exchange.fail(method, { kind: "hang" });
      const error = await failure(recover(mgr, exchange, { ...QUICK, timeout: 20 }));
      assert.match(
        error.message,
        /entries stay blocked, because paper did not answer everything: .* did not answer in 20 ms/,
      );
      exchange.behave();
    }
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
    exchange.fail("createOrder", { kind: "hang" });
    const closing = recover(mgr, exchange, { ...QUICK, timeout: 20 });
    const report = await closing;
    assert.equal([report.status, report.troubles.length], ["recovered", 1]);
    exchange.release(); // the order that hung arrives: it is the one that was taken
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
    assert.is(exchange.seen.filter((call) => call.method === "createOrder" && call.accepted).length, 2);
  });

  test("an account that does not let us in stops it at once", async () => {
    await using stand = await Stand.open(open);
    stand.exchange.fail("fetchPositions", { kind: "authentication" });
    const error = await failure(recover(stand.mgr, stand.exchange, QUICK));
    assert.is(error instanceof ExchangeError && error.failure, "authentication");
  });

  for (const kind of ["empty", "half"] as const) {
    test(`positions that are ${kind} in one reading change nothing`, async () => {
      for (const call of [1, 2]) {
        await using stand = await Stand.open(open);
        const { mgr, exchange } = stand;
        await exchange.setPrice(ETH, 100);
        await stand.hold("s1");
        await stand.hold("s2", { pair: ETH });
        exchange.fail("fetchPositions", { kind, call });
        const report = await recover(mgr, exchange, QUICK);
        assert.equal([report.status, report.applied], ["recovered", []]);
        assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1], "ETH/USDT long": [1, 1] });
      }
    });
  }

  test("fills of which half is missing in one reading are all booked", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.5, price: 110 });
    await exchange.trade({ pair: PAIR, side: "sell", size: 0.5, price: 120 });
    exchange.fail("fetchFills", { kind: "half", call: 1 });
    await recover(mgr, exchange, QUICK);
    assert.equal(await stand.holdings(), {});
    assert.is((await mgr.getRiskState()).dailyPnl, 14.785);
  });

  test("fills that do not make up what the exchange says an order has filled change nothing before a person has looked", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    exchange.fail("fetchFills", { kind: "empty", times: 1_000 });
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    assert.match(
      report.plan.actions[0]?.needsPerson ?? "",
      /order s1 .* is filled by 1, but lists no fill for 1 of that/,
    );
    assert.equal(await mgr.getPositions(), []);
    exchange.behave();
    await recover(mgr, exchange, QUICK);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
  });

  test("of two recoveries at once one is told who is at work, or waits for its turn", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    const found = await another(mgr, open, {}, { clock: stand.clock.read, instanceId: "bot-2" });
    await using _ = found;
    if (found.other === mgr) return; // this backend has one process only
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
    const gate = gateAt(exchange, "fetchOpenOrders");
    const first = recover(mgr, gate.exchange, QUICK);
    await gate.reached;
    const error = await failure(recover(found.other, exchange, { ...QUICK, wait: 0 }));
    assert.instance(error, LockedError);
    assert.match(error.message, /being recovered by bot,/);
    const waiting = recover(found.other, exchange, { ...QUICK, wait: "1m" });
    gate.open();
    assert.is((await first).status, "recovered");
    const second = await waiting;
    assert.equal([second.status, second.applied], ["recovered", []]);
    assert.is(exchange.seen.length, 1);
  });

  test("a bot that trades exits while another recovers is not misread", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    const gate = gateAt(exchange, "fetchOpenOrders");
    const recovering = recover(mgr, gate.exchange, QUICK);
    await gate.reached;
    await mgr.saveOrder({
      id: "x1",
      pair: PAIR,
      side: "sell",
      size: 1,
      intent: "exit",
      positionId: "s1",
      status: "intent",
    });
    await stand.submit("x1");
    await stand.book("x1");
    gate.open();
    const report = await recovering;
    assert.equal([report.status, report.applied], ["recovered", []]);
    assert.is((await mgr.getRiskState()).dailyPnl, -0.2);
  });

  test("an exit that sold a second long, since its own was gone already, leaves that to the fill that ended the first", async () => {
    await using stand = await Stand.open(open, { paper: { mode: "hedge" } });
    const { mgr, exchange, clock } = stand;
    await stand.hold("l1", { size: 0.2 });
    clock.now += 1_000;
    await exchange.setPrice(PAIR, 90);
    await exchange.liquidate(PAIR, "long");
    clock.now += 1_000;
    await stand.hold("l2", { size: 0.7 });
    clock.now += 1_000;
    await mgr.saveOrder({ id: "x1", pair: PAIR, side: "sell", size: 0.2, intent: "exit", positionId: "l1" });
    await stand.submit("x1");
    await stand.book("x1");
    await stand.away();
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.7, 0.5] });
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied.map(({ key }) => key)], ["recovered", ["book_external_fill l2 f2"]]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0.5, 0.5] });
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  /** Another flow's order in a hedged pair. */
  const byAnother = (
    { exchange }: Stand,
    order: { readonly id: string; readonly side: "buy" | "sell"; readonly of: "long" | "short"; readonly size: number },
  ) => {
    const { id: clientOrderId, side, of: positionSide, size } = order;
    const reduceOnly = (side === "buy") === (positionSide === "short");
    return exchange.createOrder({ clientOrderId, pair: PAIR, side, positionSide, size, type: "market", reduceOnly });
  };

  test("a short that was liquidated is gone whole, though another flow has entered that side since", async () => {
    await using stand = await Stand.open(open, { paper: { mode: "hedge" } });
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1", { side: "short", size: 2.7 });
    clock.now += 1_000;
    await exchange.liquidate(PAIR, "short");
    clock.now += 1_000;
    await byAnother(stand, { id: derivedOrderId("sfo", "another", "s"), side: "sell", of: "short", size: 0.1 });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      [report.status, report.applied.map(({ key }) => key), report.plan.actions],
      ["recovered", ["book_external_fill s1 f2"], []],
    );
    assert.equal(await stand.holdings(), { "BTC/USDT short": [0, 0.1] });
  });

  test("what a stranger closed of a short, and is booked, does not make another flow's short an orphan", async () => {
    await using stand = await Stand.open(open, { paper: { mode: "hedge" } });
    const { mgr, exchange, clock } = stand;
    await stand.hold("s1", { side: "short", size: 2.2 });
    clock.now += 1_000;
    await byAnother(stand, { id: "of-some-other-bot", side: "buy", of: "short", size: 0.1 });
    clock.now += 1_000;
    assert.is((await recover(mgr, exchange, QUICK)).applied.length, 1);
    await byAnother(stand, { id: derivedOrderId("sfo", "another", "s"), side: "sell", of: "short", size: 2.1 });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied, report.plan.actions], ["recovered", [], []]);
    assert.equal(await stand.holdings(), { "BTC/USDT short": [2.1, 4.2] });
  });

  test("what was over before a side was flat does not put in doubt whose that side is", async () => {
    await using stand = await Stand.open(open, { paper: { mode: "hedge" } });
    const { mgr, exchange, clock } = stand;
    const order = { pair: PAIR, side: "buy", positionSide: "long", type: "market", reduceOnly: false } as const;
    await exchange.createOrder({ ...order, clientOrderId: derivedOrderId("sfo", mgr.flowId, "forgotten"), size: 1.1 });
    clock.now += 1_000;
    await exchange.liquidate(PAIR, "long");
    await exchange.trade({ pair: PAIR, side: "buy", positionSide: "long", size: 2.8, price: 100 });
    clock.now += 1_000;
    await stand.hold("l1");
    clock.now += 1_000;
    await byAnother(stand, { id: closeOrderId("another", 1, "an orphan", 1), side: "sell", of: "long", size: 2.8 });
    await byAnother(stand, { id: derivedOrderId("sfo", "another", "l"), side: "buy", of: "long", size: 0.2 });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied, report.plan.actions], ["recovered", [], []]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1.2] });
  });
};
