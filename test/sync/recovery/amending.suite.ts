/** Orders that are not what they were: amended, filled by more, filled by what is not listed, turned around. */
import * as assert from "uvu/assert";
import type { StateManager } from "../../../src/index.js";
import {
  type Exchange,
  type ExchangeFill,
  type ExchangeOrder,
  type PaperExchange,
  planText,
  recover,
} from "../../../sync/index.js";
import { decide } from "../../../sync/plan/decide.js";
import { type Evidence, hasFailed, rateKey } from "../../../sync/plan/evidence.js";
import { resolveOptions } from "../../../sync/plan/options.js";
import { gather } from "../../../sync/recovery/gather.js";
import type { Theme } from "../../contract/open.js";
import { PAIR, QUICK, Stand } from "./stand.js";
import { unproven } from "./telling.js";

/** An exchange at which somebody has changed the orders. */
function changed(paper: PaperExchange, change: (order: ExchangeOrder) => ExchangeOrder): Exchange {
  return unproven(paper, {
    fetchOrder: async (id, pair) => {
      const order = await paper.fetchOrder(id, pair);
      return order && change(order);
    },
    fetchOpenOrders: async () => (await paper.fetchOpenOrders()).map(change),
  });
}

/** An exchange that does not list these fills any more. */
function unlisted(paper: PaperExchange, ...gone: readonly string[]): Exchange {
  return unproven(paper, {
    fetchFills: async (pair, since) =>
      (await paper.fetchFills(pair, since)).filter(({ fillId }) => !gone.includes(fillId)),
  });
}

async function evidenceOf(mgr: StateManager, exchange: Exchange): Promise<Evidence> {
  const evidence = await gather(mgr, exchange, resolveOptions(mgr, QUICK));
  if (hasFailed(evidence)) throw new Error(JSON.stringify(evidence.failures));
  return evidence;
}

export const amending: Theme = (test, open) => {
  test("an order that was changed at the exchange is changed in state, and its exposure with it", async () => {
    await using stand = await Stand.open(open, { config: { risk: { max_exposure: 250 } } });
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1", { type: "limit", price: 90 });
    await stand.away();
    const seen = changed(exchange, (order) => ({ ...order, size: 3, price: 80 }));
    const report = await recover(mgr, seen, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(
      report.applied.map(({ key }) => key),
      ["amend_order s1", "set_order_status s1 open"],
    );
    const order = await mgr.getOrder("s1");
    assert.equal([order?.size, order?.price, order?.status], [3, 80, "open"]);
    const more = await mgr.admit({ signalId: "s2", pair: PAIR, side: "long", size: 1, price: 20 });
    assert.is(more.admitted ? "" : more.message, "exposure would be 260, the limit is 250");
    assert.equal((await recover(mgr, seen, QUICK)).applied, []);
  });

  test("an order that was made larger and filled so is booked whole, and is filled", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1", { size: 3 });
    await stand.submit("s1");
    await mgr.updateOrder("s1", { size: 2 });
    await stand.away();
    assert.is((await recover(mgr, exchange, QUICK)).status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [3, 3] });
    const [order] = await mgr.findOrders(["s1"]);
    assert.equal([order?.status, order?.filled, order?.size], ["filled", 3, 3]);
  });

  test("an order that was made smaller is over when that is filled", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1", { size: 3 });
    await mgr.updateOrder("s1", { size: 5 });
    await stand.submit("s1");
    await exchange.setPrice(PAIR, 100);
    await mgr.updateOrder("s1", { size: 8 });
    await stand.away();
    await recover(mgr, exchange, QUICK);
    const [order] = await mgr.findOrders(["s1"]);
    assert.equal([order?.status, order?.filled, order?.size], ["filled", 5, 5]);
  });

  test("an order that a bot has changed since is not changed back", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1", { type: "limit", price: 90 });
    const seen = changed(exchange, (order) => ({ ...order, size: 3 }));
    let size = 1;
    const meanwhile = new Proxy(mgr, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          // Each time that it is about to follow the exchange, the bot is quicker.
          if (name === "getOrder") {
            size += 0.125;
            await mgr.updateOrder("s1", { size });
          }
          return Reflect.apply(value, target, args);
        };
      },
    });
    await recover(meanwhile, seen, { ...QUICK, deadline: "1ms" });
    assert.ok(size > 1);
    assert.is((await mgr.getOrder("s1"))?.size, size);
  });

  test("an entry that the exchange has filled by more than its size is booked by what was filled", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1", { size: 1.5 });
    await stand.submit("s1");
    await mgr.updateOrder("s1", { size: 1 });
    await stand.away();
    await recover(
      mgr,
      changed(exchange, (order) => ({ ...order, size: 1 })),
      QUICK,
    );
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1.5, 1.5] });
    const [order] = await mgr.findOrders(["s1"]);
    assert.equal([order?.status, order?.filled], ["filled", 1.5]);
  });

  test("an execution that is told twice, of an order that is booked whole, books no more and holds nothing up", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    await mgr.recordFill("s1", { fillId: "f1", price: 100, size: 0.999999 });
    await mgr.updateOrder("s1", { filled: 1, status: "partially_filled" }).catch(() => {});
    await mgr.saveOrder({ id: "x1", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "s1" });
    await stand.submit("x1");
    await mgr.recordFill("x1", { fillId: "f2", price: 100, size: 0.5 });
    await stand.away();
    const twice = unproven(exchange, {
      fetchOrder: async (id, pair) => {
        const order = await exchange.fetchOrder(id, pair);
        return order?.clientOrderId === "x1" ? { ...order, filled: 0.5, status: "cancelled" } : order;
      },
      fetchFills: async (pair, since) =>
        (await exchange.fetchFills(pair, since)).flatMap((fill) => {
          if (fill.clientOrderId !== "x1") return [fill];
          const half = { ...fill, size: 0.5 };
          return [half, { ...half, fillId: "f2-again" }];
        }),
    });
    const { notes, plan } = await recover(mgr, twice, { ...QUICK, dryRun: true });
    assert.equal(plan.failures, []);
    assert.match(notes.join("\n"), /the fills of order x1 make up 1, .* over with 0\.5, which is booked/);
  });

  // Fills that are not listed any more

  test("where the trades of an order are not listed any more, a person is offered its average", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1", { size: 4 });
    await stand.submit("s1", { type: "limit", price: 90 });
    await exchange.fillOrder("s1", 1, 90);
    await exchange.fillOrder("s1", 1, 88);
    await stand.away();
    await mgr.updateOrder("s1", { price: 90 });
    const seen = unlisted(exchange, "f1", "f2");
    const report = await recover(mgr, seen, QUICK);
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    const text = planText(report.plan);
    assert.match(text, /book fill average:2 of order s1: 2 BTC\/USDT at 89/);
    assert.match(text, /the exchange no longer lists the trades/);
    await stand.away();
    const approved = await recover(mgr, seen, { ...QUICK, approve: report.plan.hash });
    assert.is(approved.status, "recovered");
    const position = await mgr.getPosition("s1");
    assert.equal([position?.size, position?.entryPrice], [2, 89]);
    assert.is((await mgr.getOrder("s1"))?.filled, 2);
    // The rest is told as ever.
    await exchange.fillOrder("s1", 2, 90);
    await recover(mgr, seen, QUICK);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [4, 4] });
    assert.is((await mgr.getPosition("s1"))?.entryPrice, 89.5);
  });

  test("of an order that is listed in part, the rest is offered at what its average leaves", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1", { size: 2 });
    await stand.submit("s1", { type: "limit", price: 90 });
    await exchange.fillOrder("s1", 0.5, 84);
    await exchange.fillOrder("s1", 1.5, 90);
    await stand.away();
    const seen = unlisted(exchange, "f1");
    const { plan } = await recover(mgr, seen, QUICK);
    assert.is((await mgr.getPosition("s1"))?.size, 1.5); // what is listed needs nobody
    assert.equal(
      plan.actions.map(
        (action) => action.type === "record_fill" && [action.fill.fillId, action.fill.size, action.fill.price],
      ),
      [["average:2", 0.5, 84]],
    );
    assert.is((await recover(mgr, seen, { ...QUICK, approve: plan.hash })).status, "recovered");
    assert.is((await mgr.getPosition("s1"))?.entryPrice, 88.5);
    assert.equal(await mgr.getPendingOrders(), []);
  });

  test("an exit whose trades are not listed any more waits for a person, and is then booked at its average", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await stand.stop("x1", "s1", 90);
    await exchange.setPrice(PAIR, 90);
    await stand.away();
    const seen = unlisted(exchange, "f2");
    const { status, plan } = await recover(mgr, seen, QUICK);
    assert.is(status, "awaiting_approval");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 0] });
    assert.is((await recover(mgr, seen, { ...QUICK, approve: plan.hash })).status, "recovered");
    assert.equal(await stand.holdings(), {});
    assert.is((await mgr.getRiskState()).dailyPnl, -10 - 0.1);
  });

  test("what a bot's doubles left over of an order is none of a fill", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1", { size: 10.79 });
    await stand.submit("s1", { type: "limit", price: 90 });
    await exchange.fillOrder("s1", 0.79);
    await mgr.recordFill("s1", { fillId: "mine-1", price: 90, size: 0.7899999999999996 });
    await exchange.fillOrder("s1", 10);
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      report.applied.map(({ key }) => key),
      ["record_fill s1 f2"],
    );
    const [order] = await mgr.findOrders(["s1"]);
    assert.is(order?.status, "filled");
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  // Flips

  test("an entry that turned a position around while the bot was down closes the one and opens the other", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await exchange.setPrice(PAIR, 110);
    const answer = await mgr.admit({
      signalId: "s2",
      pair: PAIR,
      side: "short",
      size: 3,
      price: 110,
      flip: "s1",
      orderId: "s2",
    });
    assert.is(answer.admitted, true);
    await stand.submit("s2");
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal([report.status, report.applied.map(({ key }) => key)], ["recovered", ["record_fill s2 f2"]]);
    const [position] = await mgr.getPositions();
    assert.equal([position?.id, position?.side, position?.size, position?.entryPrice], ["s2", "short", 2, 110]);
    assert.is((await mgr.getRiskState()).dailyPnl, 10 - 0.1 - 0.33);
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  // Fees and rates

  test("fees are booked by currency as the exchange tells them", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    await stand.away();
    const fees = [
      { amount: 0.05, currency: "USDT" },
      { amount: 0.001, currency: "BNB" },
    ];
    const seen = unproven(exchange, {
      fetchFills: async (pair, since) =>
        (await exchange.fetchFills(pair, since)).map((fill): ExchangeFill => ({ ...fill, fee: 99, fees })),
    });
    const report = await recover(mgr, seen, QUICK);
    const position = await mgr.getPosition("s1");
    assert.is(position?.fees, 0.05);
    assert.equal(position?.unpriced, [{ kind: "fee", currency: "BNB", amount: 0.001 }]);
    assert.match(report.notes.join("\n"), /fill f1 paid 0\.001 BNB of fees, which are unpriced/);
  });

  test("an entry in another currency waits for its rate, and is booked at it", async () => {
    await using stand = await Stand.open(open, { config: { risk: { currency: "USDT" } } });
    const { mgr, exchange } = stand;
    await exchange.setPrice("ETH/BTC", 0.05);
    await mgr.saveOrder({ id: "s1", pair: "ETH/BTC", side: "buy", size: 2 });
    await stand.submit("s1");
    await stand.away();
    const evidence = { ...(await evidenceOf(mgr, exchange)), currencies: ["USDT"] };
    const options = resolveOptions(mgr, QUICK);
    const [asks] = decide({ ...evidence, rates: new Map() }, options).actions;
    assert.match(
      asks?.needsPerson ?? "",
      /fill of entry s1 at 2024-.* is in BTC, the flow is counted in USDT, .*--rate BTC=RATE/,
    );
    const at = (await exchange.fetchFills("ETH/BTC", new Date(0)))[0]?.ts ?? new Date(0);
    const [books] = decide({ ...evidence, rates: new Map([[rateKey("BTC", at), 60_000]]) }, options).actions;
    assert.is(books?.needsPerson, undefined);
    assert.is(books?.type === "record_fill" ? books.fill.rate : undefined, 60_000);
  });

  test("an exit of a position that ended untold is booked: it tells what that made", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await stand.stop("x1", "s1", 90);
    await exchange.setPrice(PAIR, 90);
    await mgr.removePosition("s1");
    await stand.away();
    const trades = await mgr.getTrades();
    assert.is(trades[0]?.untold, 1);
    const { actions } = decide({ ...(await evidenceOf(mgr, exchange)), trades }, resolveOptions(mgr, QUICK));
    const [books] = actions;
    assert.is(books?.key, "record_fill x1 f2");
    if (books?.type === "record_fill") await mgr.recordFill("x1", books.fill);
    const [trade] = await mgr.getTrades();
    assert.equal([trade?.pnl, trade?.untold], [-10.19, undefined]);
  });

  // What is left alone

  test("orders of a pair that cannot be read are left as they are, and others go on", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.setPrice("ETH/USDT", 10);
    await stand.admit("s1");
    await stand.admit("s2", { pair: "ETH/USDT" });
    await stand.submit("s2");
    await stand.away();
    const why = "delisted";
    const unreadable = new Map([[PAIR, { status: "failed", asked: `fills of ${PAIR}`, why } as const]]);
    const evidence = { ...(await evidenceOf(mgr, exchange)), unreadable };
    const plan = decide(evidence, resolveOptions(mgr, QUICK));
    assert.equal(
      plan.actions.map(({ key }) => key),
      ["record_fill s2 f1"],
    );
    assert.equal(
      plan.waiting.map(({ subject, harmless }) => [subject, harmless]),
      [["s1", true]],
    );
    assert.match(plan.waiting[0]?.why ?? "", /pair cannot be read: delisted/);
  });

  test("orders of other pairs than the flow's are not looked at", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.away();
    const report = await recover(mgr, exchange, { ...QUICK, ours: { pairs: ["ETH/USDT"] } });
    assert.equal([report.status, report.applied, report.waiting], ["recovered", [], []]);
    assert.is((await mgr.getPendingOrders()).length, 1);
  });
};
