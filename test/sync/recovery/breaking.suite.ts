/** What tried to break it: renamed pairs, fills without ids, money in another currency, flows that share a liquidation. */
import * as assert from "uvu/assert";
import { derivedOrderId } from "../../../src/words/client-order-id.js";
import { type Exchange, ExchangeError, type ExchangeFill, recover } from "../../../sync/index.js";
import type { Theme } from "../../contract/open.js";
import { delegate } from "./delegate.js";
import { HOUR, MINUTE, PAIR, QUICK, Stand } from "./stand.js";
import { anonymous, sent, unproven } from "./telling.js";

const OLD = "MATIC/USDT";
const NEW = "POL/USDT";

/** The exchange after it has renamed OLD to NEW. `refuses`: it answers for the old name that there is no such market. */
function renamed({ exchange }: Stand, { refuses }: { refuses: boolean }): Exchange {
  const told = <T extends { readonly pair: string }>(row: T): T => (row.pair === OLD ? { ...row, pair: NEW } : row);
  const old = (pair: string): string => {
    if (pair === OLD && refuses) throw new ExchangeError("rejected", `no market ${OLD}`);
    return pair === NEW ? OLD : pair;
  };
  return unproven(exchange, {
    resolvePair: async (pair) => (pair === OLD && !refuses ? NEW : pair),
    fetchPositions: async () => (await exchange.fetchPositions()).map(told),
    fetchOpenOrders: async () => (await exchange.fetchOpenOrders()).map(told),
    fetchOrder: async (id, pair) => {
      const order = await exchange.fetchOrder(id, old(pair));
      return order && told(order);
    },
    fetchFills: async (pair, since) => (await exchange.fetchFills(old(pair), since)).map(told),
  });
}

/** Fills that others made, told after the exchange's own. */
function withFills({ exchange }: Stand, others: readonly ExchangeFill[], left: number): Exchange {
  return delegate(exchange, {
    fetchPositions: async () =>
      left === 0 ? [] : [{ pair: PAIR, side: "long" as const, size: left, entryPrice: 100 }],
    fetchFills: async (pair, since) => [
      ...(await exchange.fetchFills(pair, since)),
      ...others.filter((fill) => fill.pair === pair && fill.ts >= since),
    ],
  });
}

function fillOf(
  fillId: string,
  rest: Pick<ExchangeFill, "side" | "size" | "price" | "ts" | "clientOrderId">,
): ExchangeFill {
  return { fillId, orderId: `order-${fillId}`, pair: PAIR, fee: 0, ...rest };
}

export const breaking: Theme = (test, open) => {
  for (const refuses of [true, false]) {
    test(`a position of a pair that was renamed is not sold under the new name, where the old one is ${refuses ? "refused" : "resolved"}`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await exchange.setPrice(OLD, 100);
      await stand.hold("other");
      await stand.hold("s1", { pair: OLD, size: 10 });
      await stand.away();
      const before = sent(exchange);
      const report = await recover(mgr, renamed(stand, { refuses }), { ...QUICK, orphanPositions: "close" });
      assert.equal([report.status, report.applied], ["awaiting_approval", []]);
      assert.equal(
        report.plan.actions.map(({ key }) => key),
        [`leave_orphan ${NEW} long`],
      );
      assert.match(report.plan.actions[0]?.needsPerson ?? "", /order s1, which the flow made for MATIC\/USDT/);
      assert.equal(sent(exchange), before);
      assert.is((await mgr.getPosition("s1"))?.size, 10);
    });
  }

  test("what is there just as the flow holds it of a pair that cannot be read is not sold, though the account is the flow's alone", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.setPrice(OLD, 100);
    await stand.hold("s1", { pair: OLD, size: 10 });
    await stand.away();
    const before = sent(exchange);
    const seen = {
      ...renamed(stand, { refuses: true }),
      fetchFills: async (pair: string) => {
        if (pair === OLD) throw new ExchangeError("rejected", `no market ${OLD}`);
        return [];
      },
    };
    const report = await recover(mgr, seen, { ...QUICK, orphanPositions: "close", exclusiveAccount: true });
    assert.is(report.status, "awaiting_approval");
    assert.match(
      report.plan.actions[0]?.needsPerson ?? "",
      /MATIC\/USDT, of which the flow holds long 10 \(position s1\)/,
    );
    assert.equal(sent(exchange), before);
  });

  test("an excess has the price of its own fills, though fills of the flow's orders are newer and carry no id", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.setPrice(PAIR, 106);
    await exchange.trade({ pair: PAIR, side: "buy", size: 5, price: 106 });
    await stand.away();
    await exchange.setPrice(PAIR, 100);
    await stand.hold("s1", { size: 10 });
    await stand.away();
    const seen = unproven(exchange, {
      fetchFills: async (pair, since) => (await exchange.fetchFills(pair, since)).map(anonymous),
      fetchOrderById: (id, pair) => exchange.fetchOrderById(id, pair),
      positionMode: () => "netting",
    });
    const report = await recover(mgr, seen, { ...QUICK, orphanPositions: "adopt" });
    assert.is(report.status, "recovered");
    const adopted = (await mgr.getPositions()).find(({ id }) => id !== "s1");
    assert.equal([adopted?.size, adopted?.entryPrice], [5, 106]);
  });

  test("an order that the exchange does not tell by its own id holds up nothing that does not depend on it", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.setPrice("ETH/USDT", 10);
    await stand.hold("kept", { pair: "ETH/USDT" });
    await stand.hold("s1");
    await stand.stop("stop", "s1", 90);
    await exchange.setPrice(PAIR, 80);
    await stand.away();
    const seen = unproven(exchange, {
      fetchFills: async (pair, since) => (await exchange.fetchFills(pair, since)).map(anonymous),
      fetchOrderById: async () => {
        throw new ExchangeError("no_answer", "half an answer: {}");
      },
    });
    const report = await recover(mgr, seen, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), { "ETH/USDT long": [1, 1] });
    assert.is(
      report.notes.some((note) => note.includes("half an answer")),
      true,
    );
  });

  test("a position in another currency of which no fill is told is adopted at the rate of now, once somebody gives it", async () => {
    await using stand = await Stand.open(open, { config: { risk: { currency: "USDT" } } });
    const { mgr, exchange, clock } = stand;
    const rows = [{ pair: "BTC/EUR", side: "long" as const, size: 1, entryPrice: 100 }];
    const seen = unproven(exchange, { fetchPositions: async () => rows, fetchFills: async () => [] });
    const options = { ...QUICK, orphanPositions: "adopt" as const, exclusiveAccount: true };
    const asks = await recover(mgr, seen, options);
    assert.is(asks.status, "awaiting_approval");
    assert.match(asks.plan.actions[0]?.needsPerson ?? "", /what one EUR was worth/);
    const asked: string[] = [];
    const rates = (currency: string, at: Date) => {
      asked.push(`${currency} ${at.getTime() - clock.now}`);
      return 1.1;
    };
    assert.is((await recover(mgr, seen, { ...options, rates })).status, "recovered");
    assert.equal(new Set(asked), new Set(["EUR 0"]));
    const [adopted] = await mgr.getPositions();
    assert.equal([adopted?.pair, adopted?.rate], ["BTC/EUR", 1.1]);
  });

  test("of a position that is smaller, and no fill says why, a person is told to book cash and not to close it", async () => {
    await using stand = await Stand.open(open, { paper: { market: "spot", fees: { maker: 0, taker: 0 } } });
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await stand.away();
    const seen = delegate(exchange, {
      fetchPositions: async () => (await exchange.fetchPositions()).map((row) => ({ ...row, size: 0.99 })),
    });
    const report = await recover(mgr, seen, QUICK);
    assert.equal([report.status, report.applied], ["awaiting_approval", []]);
    const words = report.plan.actions[0]?.needsPerson ?? "";
    assert.match(words, /bookCash\(AMOUNT, \{ id, kind, positionId: "s1" \}\)/);
    assert.is(words.includes("closePosition"), false);
    await mgr.bookCash(-1, { id: "eaten", kind: "fee", positionId: "s1" });
    const again = await recover(mgr, seen, QUICK);
    const done = await recover(mgr, seen, { ...QUICK, approve: again.plan.hash });
    assert.is(done.status, "recovered");
    assert.is((await mgr.getPosition("s1"))?.size, 0.99);
    assert.is((await mgr.getRiskState()).dailyPnl, -1);
  });

  for (const [what, size, left] of [
    ["of a part", 1.5, 1.5],
    ["of all", 3, 0],
  ] as const) {
    test(`a liquidation ${what} of what two flows hold together in netting mode is no flow's to book by itself`, async () => {
      await using stand = await Stand.open(open, { paper: { fees: { maker: 0, taker: 0 } } });
      const { mgr, clock } = stand;
      await stand.hold("s1", { size: 2 });
      await stand.away();
      const at = (ago: number) => new Date(clock.now - ago);
      const theirs = derivedOrderId("sfo", "another", "1");
      const seen = withFills(
        stand,
        [
          fillOf("theirs", { side: "buy", size: 1, price: 101, ts: at(HOUR / 2), clientOrderId: theirs }),
          fillOf("liquidation", { side: "sell", size, price: 70, ts: at(MINUTE) }),
        ],
        left,
      );
      const report = await recover(mgr, seen, QUICK);
      const fills = report.applied.flatMap((action) =>
        "fill" in action ? [[action.fill.size, action.fill.price]] : [],
      );
      assert.equal([report.status, fills], ["awaiting_approval", []]);
      assert.is((await mgr.getPosition("s1"))?.size, 2);
    });
  }
};
