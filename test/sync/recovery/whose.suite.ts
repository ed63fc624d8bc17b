/** Whose a position, an order or a fill is, and what becomes of it. */
import { randomBytes } from "node:crypto";
import * as assert from "uvu/assert";
import type { AccountFlow, Position } from "../../../src/index.js";
import { derivedOrderId } from "../../../src/words/client-order-id.js";
import {
  type Exchange,
  type ExchangeFill,
  type ExchangeOrder,
  type Plan,
  planRecovery,
  type RecoveryOptions,
  recover,
} from "../../../sync/index.js";
import { decide } from "../../../sync/plan/decide.js";
import { hasFailed } from "../../../sync/plan/evidence.js";
import { resolveOptions } from "../../../sync/plan/options.js";
import { gather } from "../../../sync/recovery/gather.js";
import type { Theme } from "../../contract/open.js";
import { delegate } from "./delegate.js";
import { MINUTE, PAIR, QUICK, Stand } from "./stand.js";
import { anonymous, sent, unproven } from "./telling.js";

/** An id of another flow's order. */
function theirs(name: string): string {
  return derivedOrderId("sfo", "another", name);
}

/** Somebody's market order. */
async function trades(
  { exchange }: Stand,
  clientOrderId: string,
  side: "buy" | "sell",
  size: number,
  more: { readonly reduceOnly?: boolean; readonly positionSide?: "long" | "short" } = {},
): Promise<void> {
  await exchange.createOrder({ clientOrderId, pair: PAIR, side, size, type: "market", reduceOnly: false, ...more });
}

function heldBy(flowId: string, side: "long" | "short", size: number, entryTs: Date): AccountFlow {
  const position: Position = {
    ...{ id: "p", pair: PAIR, side, size, entryPrice: 100, entryTs, metadata: {}, version: 1 },
    ...{ realised: 0, fees: 0, cash: 0, openedBy: "fills" },
  };
  return { flowId, readable: true, positions: [position], orders: [] };
}

/** What is planned where other flows of the account hold that. */
async function planBeside(
  { mgr, exchange }: Stand,
  accountFlows: readonly AccountFlow[],
  options: RecoveryOptions = {},
): Promise<Plan> {
  const resolved = resolveOptions(mgr, { ...QUICK, ...options });
  const evidence = await gather(mgr, exchange, resolved);
  if (hasFailed(evidence)) throw new Error(JSON.stringify(evidence.failures));
  return decide({ ...evidence, accountFlows }, resolved);
}

/** An exchange of which fills do not say whose they are; `looksUp`: it can be asked for their orders. */
function anonymousFills({ exchange }: Stand, looksUp: boolean): Exchange {
  const fetchOrderById = async (id: string, pair: string): Promise<ExchangeOrder> => {
    const fill = (await exchange.fetchFills(pair, new Date(0))).find(({ orderId }) => orderId === id);
    if (!fill) throw new Error(`no order ${id}`);
    const { clientOrderId, side, size } = fill;
    const known = { id, pair, side, size, filled: size, price: null, reduceOnly: false, stop: false };
    return { ...known, status: "filled", ...(clientOrderId !== undefined && { clientOrderId }) };
  };
  return unproven(exchange, {
    positionMode: () => exchange.positionMode(),
    fetchFills: async (pair, since) => (await exchange.fetchFills(pair, since)).map(anonymous),
    ...(looksUp && { fetchOrderById }),
  });
}

export const whose: Theme = (test, open) => {
  test("what another flow holds beside the flow's is listed, and neither closed nor adopted", async () => {
    for (const mode of ["netting", "hedge"] as const) {
      for (const orphanPositions of ["close", "adopt"] as const) {
        await using stand = await Stand.open(open, { paper: { mode } });
        await stand.hold("l1");
        await trades(stand, theirs("s"), "buy", 2, { positionSide: "long" });
        await stand.away();
        const report = await recover(stand.mgr, stand.exchange, { ...QUICK, orphanPositions });
        assert.equal([report.status, report.applied], ["recovered", []]);
        assert.match(report.foreign[0]?.what ?? "", /^long 2/);
        assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 3] });
      }
    }
  });

  test("a prefix does not make the flow's own what another flow's id says is another's", async () => {
    await using stand = await Stand.open(open);
    await trades(stand, theirs("s"), "buy", 2);
    await stand.exchange.createOrder({
      ...{ clientOrderId: theirs("limit"), pair: PAIR, side: "buy", size: 1, type: "limit", price: 50 },
      reduceOnly: false,
    });
    await stand.away();
    const report = await recover(stand.mgr, stand.exchange, { ...QUICK, ours: { clientOrderIdPrefix: "sf" } });
    assert.equal([report.status, report.applied], ["recovered", []]);
    assert.is((await stand.exchange.fetchOpenOrders()).length, 1);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0, 2] });
  });

  test("another flow's short that the exchange nets with a long is not booked, and that flow is waited for", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("l1", { size: 2 });
    await exchange.setPrice(PAIR, 120);
    await trades(stand, theirs("s"), "sell", 1);
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, unexplained: "close" });
    assert.equal([report.status, report.applied], ["recovered", []]);
    assert.equal(
      report.waiting.map(({ harmless }) => harmless),
      [true],
    );
    assert.is((await mgr.getPosition("l1"))?.size, 2);
  });

  test("another flow's position that stood before the flow's entry, and offsets it whole, is seen by going back beyond that entry", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await trades(stand, theirs("s"), "sell", 1);
    await stand.away();
    await stand.hold("l1");
    await stand.hold("l2", { size: 2 });
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, unexplained: "close" });
    assert.equal([report.status, report.applied], ["recovered", []]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [3, 2] });
  });

  test("where another flow's order took what the flow holds, a person is asked and its fill is not booked", async () => {
    await using stand = await Stand.open(open, { paper: { mode: "hedge" } });
    const { mgr, exchange } = stand;
    await stand.hold("l1", { size: 2 });
    await trades(stand, theirs("s"), "sell", 0.5, { positionSide: "long", reduceOnly: true });
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, unexplained: "close" });
    assert.equal(
      [report.status, report.applied, report.plan.actions.map(({ key }) => key)],
      ["awaiting_approval", [], ["reduce_external l1"]],
    );
    assert.match(report.plan.actions[0]?.needsPerson ?? "", /an order of another flow took more of it/);
  });

  test("an open order that is the flow's by its id, and not in state, is cancelled; others' are listed", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    const limit = { type: "limit", reduceOnly: false, side: "buy", size: 1, price: 90, pair: PAIR } as const;
    const own = derivedOrderId("sfo", mgr.flowId, "forgotten");
    for (const clientOrderId of [own, theirs("s"), "strange"]) await exchange.createOrder({ ...limit, clientOrderId });
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      report.applied.map(({ key }) => key),
      [`cancel_order ${own}`, `trip_breaker ${report.plan.epoch}`],
    );
    assert.equal(
      report.foreign.map(({ what }) => what),
      [`buy 1, ${theirs("s")}`, "buy 1, strange"],
    );
    assert.equal(
      (await exchange.fetchOpenOrders()).map(({ clientOrderId }) => clientOrderId),
      [theirs("s"), "strange"],
    );
  });

  test("what an order of the flow made that its state does not know is an orphan, another flow's share is not", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await mgr.markSignalProcessed("earlier", PAIR); // the state was not lost
    await trades(stand, theirs("s"), "buy", 2);
    await trades(stand, derivedOrderId("sfo", mgr.flowId, "forgotten"), "buy", 0.5);
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied.map(({ key }) => key)], ["recovered", ["close_orphan BTC/USDT long"]]);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0, 2] });
  });

  test("a stop of the flow that its state does not know is booked to the position that it closed", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("l1");
    await exchange.setPrice(PAIR, 80);
    await trades(stand, derivedOrderId("sfo", mgr.flowId, "stop"), "sell", 1, { reduceOnly: true });
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied.map(({ type }) => type)], ["recovered", ["book_external_fill"]]);
    assert.is((await mgr.getRiskState()).dailyPnl, -20.18);
  });

  test("where fills do not reach back to flat, an excess is a person's, unless the account is the flow's alone", async () => {
    for (const exclusiveAccount of [false, true]) {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
      const lists = delegate(exchange, { fetchFills: async () => [] });
      const report = await recover(mgr, lists, { ...QUICK, exclusiveAccount });
      assert.equal(
        [report.status, report.plan.actions.map(({ type }) => type)],
        exclusiveAccount ? ["recovered", []] : ["awaiting_approval", ["leave_orphan"]],
      );
      assert.equal(await stand.holdings(), exclusiveAccount ? {} : { "BTC/USDT long": [0, 2] });
      if (exclusiveAccount) continue;
      assert.match(report.plan.actions[0]?.needsPerson ?? "", /do not go back to when nothing was held/);
      const approved = await recover(mgr, lists, { ...QUICK, approve: report.plan.hash });
      assert.equal([approved.status, sent(exchange)], ["recovered", []]);
    }
  });

  test("of fills that do not say whose they are, their orders do, where they can be looked up", async () => {
    for (const [maker, looksUp, status, left] of [
      ["nobody", true, "recovered", 0],
      ["nobody", false, "awaiting_approval", 2],
      ["flow", true, "recovered", 2],
      ["flow", false, "awaiting_approval", 2],
    ] as const) {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await mgr.markSignalProcessed("earlier", PAIR);
      if (maker === "flow") await trades(stand, theirs("s"), "buy", 2);
      else await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
      await stand.away();
      const report = await recover(mgr, anonymousFills(stand, looksUp), QUICK);
      assert.is(report.status, status, `${maker} ${looksUp}`);
      assert.equal(await stand.holdings(), left === 0 ? {} : { "BTC/USDT long": [0, left] });
    }
  });

  test("a fill that may be another's closes a position only after a person has said so", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("l1");
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 90 });
    await stand.away();
    const silent = anonymousFills(stand, false);
    const asked = await recover(mgr, silent, QUICK);
    assert.equal([asked.status, asked.applied], ["awaiting_approval", []]);
    await recover(mgr, silent, { ...QUICK, approve: asked.plan.hash });
    assert.is((await mgr.getRiskState()).dailyPnl, -10.19);
  });

  test("in hedge mode a fill that names no side explains nothing: a person is asked", async () => {
    await using stand = await Stand.open(open, { paper: { mode: "hedge" } });
    const { mgr, exchange } = stand;
    await stand.hold("l1");
    await stand.hold("s1", { side: "short" });
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 90, positionSide: "long", reduceOnly: true });
    await stand.away();
    const sideless = ({ positionSide: _, ...fill }: ExchangeFill) => fill;
    const silent = delegate(exchange, {
      fetchFills: async (pair, since) => (await exchange.fetchFills(pair, since)).map(sideless),
    });
    const report = await recover(mgr, silent, { ...QUICK, unexplained: "close" });
    assert.equal(
      [report.status, report.applied, report.plan.actions.map(({ key }) => key)],
      ["awaiting_approval", [], ["close_external l1"]],
    );
    assert.match(report.plan.actions[0]?.needsPerson ?? "", /does not say which side of the pair it changed/);
    const named = await recover(mgr, exchange, QUICK);
    assert.is(named.status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT short": [1, 1] });
    // 10 lost, less 0.2 of the entries and 0.09.
    assert.is((await mgr.getRiskState()).dailyPnl, -10.29);
  });

  test("when an orphan is closed its own stops go first, and a stranger's stays", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await mgr.markSignalProcessed("earlier", PAIR);
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    const stop = { pair: PAIR, side: "sell", size: 2, price: 90, type: "stop", reduceOnly: true } as const;
    const own = derivedOrderId("sfo", mgr.flowId, "stop");
    for (const clientOrderId of [own, theirs("stop"), "strange"])
      await exchange.createOrder({ ...stop, clientOrderId });
    const report = await recover(mgr, exchange, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(
      exchange.seen.slice(3).map(({ method, clientOrderId }) => [method, clientOrderId === own]),
      [
        ["cancelOrder", true],
        ["createOrder", false],
      ],
    );
    assert.equal(await stand.holdings(), {});
    assert.equal(
      (await exchange.fetchOpenOrders()).map(({ clientOrderId }) => clientOrderId),
      [theirs("stop"), "strange"],
    );
  });

  // Flows of the same account

  test("what a flow of the account holds is no orphan, whoever bought it", async () => {
    await using stand = await Stand.open(open);
    await stand.hold("l1");
    const at = new Date(stand.clock.now);
    await stand.exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    await stand.away();
    const plan = await planBeside(stand, [heldBy("b", "long", 2, at)]);
    assert.equal([plan.actions, plan.waiting], [[], []]);
    assert.equal(
      plan.foreign.map(({ what }) => what),
      ["long 2: of flow b of the account"],
    );
    assert.equal(
      (await planBeside(stand, [])).actions.map(({ key }) => key),
      ["close_orphan BTC/USDT long"],
    );
  });

  test("a stop of another flow that it has not booked yet is left to that flow", async () => {
    await using stand = await Stand.open(open);
    const { clock } = stand;
    await stand.hold("l1", { size: 2 });
    const at = new Date(clock.now);
    await trades(stand, theirs("s"), "sell", 1);
    clock.now += MINUTE;
    await trades(stand, theirs("stop"), "buy", 1);
    await stand.away();
    const plan = await planBeside(stand, [heldBy("b", "short", 1, at)]);
    assert.equal(plan.actions, []);
    assert.equal(
      plan.waiting.map(({ harmless, why }) => [harmless, /flow b of the account holds BTC\/USDT/.test(why)]),
      [[true, true]],
    );
  });

  test("what no flow's own orders explain is put before a person where several flows hold the pair", async () => {
    await using stand = await Stand.open(open);
    await stand.hold("l1", { size: 2 });
    const at = new Date(stand.clock.now);
    await trades(stand, theirs("s"), "buy", 1);
    await stand.exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 90 });
    await stand.away();
    const plan = await planBeside(stand, [heldBy("b", "long", 1, at)], { unexplained: "close" });
    assert.equal(
      plan.actions.map(({ type, needsPerson }) => [type, /flow b of the account holds/.test(needsPerson ?? "")]),
      [["book_external_fill", true]],
    );
  });

  test("a flow of the account that cannot be read is waited for where it may explain a difference", async () => {
    await using stand = await Stand.open(open);
    await stand.hold("l1", { size: 2 });
    await trades(stand, theirs("s"), "sell", 1);
    await stand.away();
    const plan = await planBeside(stand, [{ flowId: "b", readable: false, why: "no rights" }]);
    assert.equal(plan.actions, []);
    assert.match(plan.waiting[0]?.why ?? "", /flow b of the account cannot be read: no rights/);
    assert.is(plan.waiting[0]?.harmless, true);
  });

  test("in hedge mode a flow that holds the other side of a pair does not keep this one from being booked", async () => {
    await using stand = await Stand.open(open, { paper: { mode: "hedge" } });
    await stand.hold("l1", { size: 2 });
    const at = new Date(stand.clock.now);
    await trades(stand, theirs("s"), "sell", 1, { positionSide: "short" });
    const hand = { pair: PAIR, side: "sell", size: 1, price: 90, positionSide: "long", reduceOnly: true } as const;
    await stand.exchange.trade(hand);
    await stand.away();
    const plan = await planBeside(stand, [heldBy("b", "short", 1, at)]);
    assert.equal(
      plan.actions.map(({ type, needsPerson }) => [type, needsPerson]),
      [["book_external_fill", undefined]],
    );
  });

  test("an order that is over in a flow of the account is that flow's, though its id does not say so", async () => {
    const config = { recovery: { account: `account-${randomBytes(6).toString("hex")}` } };
    await using stand = await Stand.open(open, { config });
    await using other = await open(config, { clock: stand.clock.read });
    await stand.hold("l1", { size: 2 });
    await other.saveOrder({ id: "short-1", pair: PAIR, side: "sell", size: 1, price: 100 });
    await trades(stand, "short-1", "sell", 1);
    await other.cancelOrder("short-1");
    await stand.away();
    const plan = await planRecovery(stand.mgr, stand.exchange, QUICK);
    if (stand.mgr.config.backend === "redis") {
      assert.equal([plan.actions, plan.waiting.map(({ harmless }) => harmless)], [[], [true]]);
      assert.match(plan.waiting[0]?.why ?? "", /fills of another flow's orders explain it/);
    } else {
      // It cannot be told from a stranger's.
      assert.match(plan.actions[0]?.needsPerson ?? "", /fill f2 was made under the client order id short-1/);
    }
  });
};
