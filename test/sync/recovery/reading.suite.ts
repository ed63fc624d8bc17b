/** What is read before anything is decided: which pairs, from when on, on whose clock, and whose fills. */
import * as assert from "uvu/assert";
import type { StateManager } from "../../../src/index.js";
import {
  type Exchange,
  ExchangeError,
  type ExchangeFill,
  planRecovery,
  type RecoveryOptions,
  recover,
} from "../../../sync/index.js";
import { type Evidence, hasFailed, orderName, rateKey } from "../../../sync/plan/evidence.js";
import { resolveOptions } from "../../../sync/plan/options.js";
import { gather } from "../../../sync/recovery/gather.js";
import { DAY } from "../../contract/clock.js";
import { failure } from "../../contract/expect.js";
import type { Theme } from "../../contract/open.js";
import { HOUR, MINUTE, PAIR, QUICK, Stand } from "./stand.js";
import { anonymous, unproven } from "./telling.js";

const DEAD = "LUNA/USDT";

/** The paper exchange with other answers. */
function answering({ exchange }: Stand, answers: Partial<Exchange>, { nameless = false } = {}): Exchange {
  const fetchFills: Exchange["fetchFills"] = async (pair, since) =>
    (await exchange.fetchFills(pair, since)).map((fill) => (nameless ? anonymous(fill) : fill));
  return unproven(exchange, { fetchFills, ...answers });
}

/** Two positions, of which the second's pair the exchange will not answer for. */
async function holdTwo(stand: Stand): Promise<void> {
  await stand.exchange.setPrice(DEAD, 10);
  await stand.hold("s1");
  await stand.hold("s2", { pair: DEAD });
  await stand.away();
}

/** An entry that the exchange fills five minutes, by its own clock, before the flow has admitted it. */
async function enterWithClocksApart(stand: Stand): Promise<void> {
  stand.clock.now += 5 * MINUTE;
  await stand.admit("s1");
  stand.clock.now -= 5 * MINUTE;
  await stand.submit("s1");
  await stand.away();
}

async function evidenceOf(mgr: StateManager, exchange: Exchange, options: RecoveryOptions = {}): Promise<Evidence> {
  const evidence = await gather(mgr, exchange, resolveOptions(mgr, { ...QUICK, ...options }));
  if (hasFailed(evidence)) throw new Error(JSON.stringify(evidence.failures));
  return evidence;
}

export const reading: Theme = (test, open) => {
  for (const failed of ["unsupported", "rejected"] as const) {
    test(`a pair whose fills are ${failed} is named and left as it is, and what is not concerned goes on`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await holdTwo(stand);
      await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 110 });
      const delisted = answering(stand, {
        clientOrderIds: { inFills: true },
        fetchPositions: async () => (await exchange.fetchPositions()).filter(({ pair }) => pair !== DEAD),
        fetchFills: async (pair, since) => {
          if (pair === DEAD) throw new ExchangeError(failed, `no market ${pair}`);
          return exchange.fetchFills(pair, since);
        },
      });
      const report = await recover(mgr, delisted, QUICK);
      assert.is(report.status, "recovered");
      assert.equal(
        report.applied.map(({ key }) => key),
        ["book_external_fill s1 f3"],
      );
      assert.equal(report.waiting, [
        { pair: DEAD, subject: "s2", why: `the pair cannot be read: no market ${DEAD}`, harmless: true },
      ]);
      assert.ok(report.notes.some((note) => note.includes(`${DEAD} cannot be read and stays as it is`)));
      assert.equal(
        (await mgr.getPositions()).map(({ id, size }) => [id, size]),
        [["s2", 1]],
      );
    });
  }

  test("a pair that is not answered for because the exchange is away stops everything", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await holdTwo(stand);
    const away = answering(stand, {
      fetchFills: async (pair, since) => {
        if (pair === DEAD) throw new ExchangeError("no_answer", "bad gateway");
        return exchange.fetchFills(pair, since);
      },
    });
    const error = await failure(recover(mgr, away, QUICK));
    assert.instance(error, ExchangeError);
    assert.match(error.message, /nothing was changed .*fills of LUNA\/USDT since .*: failed: bad gateway/);
  });

  test("a market that is gone, and one that settles otherwise than its name says, hold up their pairs alone", async () => {
    await using stand = await Stand.open(open);
    const { mgr } = stand;
    await holdTwo(stand);
    const terms = { settle: "USDT", inverse: false, contractSize: 1, minSize: 0 };
    const gone = answering(stand, { fetchMarket: async (pair) => (pair === DEAD ? undefined : terms) });
    const other = answering(stand, {
      fetchMarket: async (pair) => (pair === DEAD ? { ...terms, settle: "LUNA", inverse: true } : terms),
    });
    for (const [exchange, why] of [
      [gone, "paper has no market LUNA/USDT, or no longer"],
      [other, "LUNA/USDT settles in LUNA at paper, and in USDT by its name"],
    ] as const) {
      const { status, waiting, plan } = await recover(mgr, exchange, QUICK);
      assert.is(status, "recovered");
      assert.equal(plan.actions, []);
      assert.ok(waiting.length > 0 && waiting.every(({ pair }) => pair === DEAD));
      assert.is(waiting[0]?.why, `the pair cannot be read: ${why}`);
    }
  });

  test("an order of a pair that cannot be read stays pending, with its reservation", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1", { pair: DEAD });
    await stand.away();
    const delisted = answering(stand, {
      fetchOrder: async (id, pair) => {
        if (pair === DEAD) throw new ExchangeError("unsupported", "delisted");
        return exchange.fetchOrder(id, pair);
      },
    });
    const report = await recover(mgr, delisted, QUICK);
    assert.is(report.status, "recovered");
    assert.equal(
      report.waiting.map(({ subject, harmless }) => [subject, harmless]),
      [["s1", true]],
    );
    assert.equal(
      (await mgr.getPendingOrders()).map(({ id, status }) => [id, status]),
      [["s1", "intent"]],
    );
  });

  test("outside of the flow's pairs nothing is asked for and nothing is decided", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await holdTwo(stand);
    await stand.admit("s3", { pair: DEAD });
    await exchange.trade({ pair: DEAD, side: "sell", size: 1, price: 5 });
    const asked: string[] = [];
    const watched = answering(stand, {
      fetchOrder: async (id, pair) => {
        asked.push(pair);
        return exchange.fetchOrder(id, pair);
      },
      fetchFills: async (pair, since) => {
        asked.push(pair);
        return exchange.fetchFills(pair, since);
      },
    });
    const report = await recover(mgr, watched, { ...QUICK, ours: { pairs: [PAIR] } });
    assert.is(report.status, "recovered");
    assert.equal([report.applied, report.waiting], [[], []]);
    assert.equal([...new Set(asked)], [PAIR]);
    assert.equal(
      (await mgr.getPositions()).map(({ id }) => id),
      ["s1", "s2"],
    );
  });

  test("fills are found though the exchange's clock is minutes behind the flow's, and the difference is named", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await enterWithClocksApart(stand);
    const tells = { fetchTime: async () => new Date(clock.now - 5 * MINUTE) };
    const report = await recover(mgr, answering(stand, { ...tells, fetchOrder: ageless(exchange) }), QUICK);
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
    assert.ok(
      report.notes.some((note) => /^the clock of paper is 300 s behind the flow's/.test(note)),
      report.notes.join("\n"),
    );
  });

  test("where the exchange does not tell its time, an order that it made before the flow did says how far it is behind", async () => {
    await using stand = await Stand.open(open);
    const { mgr } = stand;
    await enterWithClocksApart(stand);
    const silent = answering(stand, {});
    const report = await recover(mgr, silent, QUICK);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 1] });
    assert.ok(report.notes.some((note) => /paper is 300 s behind/.test(note)));
  });

  test("where nothing tells the time, fills that do not fit their order are put down to the clocks too", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await enterWithClocksApart(stand);
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 100 });
    const report = await recover(mgr, answering(stand, { fetchOrder: ageless(exchange) }), QUICK);
    assert.is(report.status, "awaiting_approval");
    const asked = report.plan.actions.map(({ needsPerson }) => needsPerson ?? "").join("\n");
    assert.match(asked, /paper does not tell its time: its clock and the flow's may be apart/);
    assert.equal(await mgr.getPositions(), []);
  });

  test("an exchange that fails to tell its time is read all the same, and that is noted", async () => {
    await using stand = await Stand.open(open);
    const { mgr } = stand;
    await stand.hold("s1");
    const fetchTime = async () => {
      throw new ExchangeError("no_answer", "bad gateway");
    };
    const report = await recover(mgr, answering(stand, { fetchTime }), QUICK);
    assert.is(report.status, "recovered");
    assert.ok(report.notes.includes("paper does not tell its time: bad gateway"));
  });

  test("both sides of a self-trade are fills", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await stand.away();
    const [made] = await exchange.fetchFills(PAIR, new Date(0));
    assert.ok(made);
    const twins: ExchangeFill[] = [
      { ...made, fillId: "777", orderId: "1", clientOrderId: "x1", side: "buy" },
      { ...made, fillId: "777", orderId: "2", clientOrderId: "x2", side: "sell" },
    ];
    const { fills } = await evidenceOf(mgr, answering(stand, { fetchFills: async () => [made, ...twins] }));
    assert.equal(
      fills.get(PAIR)?.value.map(({ fillId, side }) => [fillId, side]),
      [
        [made.fillId, "buy"],
        ["777", "buy"],
        ["777", "sell"],
      ],
    );
  });

  test("fills reach back until they say who built what is too much, and no further", async () => {
    for (const [age, days] of [
      [HOUR, [1]],
      [3 * DAY, [1, 7]],
      [20 * DAY, [1, 7, 30]],
      [40 * DAY, [1, 7, 30]],
    ] as const) {
      await using stand = await Stand.open(open);
      const { mgr, exchange, clock } = stand;
      await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
      await stand.away(age);
      const since = new Set<number>();
      const watched = answering(stand, {
        fetchFills: async (pair, from) => {
          since.add(Math.floor((clock.now - from.getTime()) / DAY));
          return exchange.fetchFills(pair, from);
        },
      });
      const { fills } = await evidenceOf(mgr, watched);
      assert.equal([...since], days, `built ${age / DAY} days ago`);
      assert.is(fills.get(PAIR)?.value.length, age > 30 * DAY ? 0 : 1);
    }
  });

  test("where state and exchange agree, old fills are not asked for", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    await stand.away(3 * DAY);
    await mgr.savePosition({ id: "a", pair: PAIR, side: "long", size: 2, entryPrice: 100 });
    let oldest = clock.now;
    const watched = answering(stand, {
      fetchFills: async (pair, from) => {
        oldest = Math.min(oldest, from.getTime());
        return exchange.fetchFills(pair, from);
      },
    });
    await evidenceOf(mgr, watched);
    assert.is(oldest, clock.now - MINUTE);
  });

  test("the order of a fill that names none of ours is looked up once, where it matters whose it is", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.setPrice("ETH/USDT", 10);
    await stand.hold("eth", { pair: "ETH/USDT" });
    const other = { pair: PAIR, size: 1, type: "market", side: "buy", reduceOnly: false } as const;
    const made = await exchange.createOrder({ ...other, clientOrderId: "other-1" });
    await stand.away();
    const lookups: string[] = [];
    const watched = answering(
      stand,
      {
        fetchOrderById: async (id) => {
          lookups.push(id);
          return id === made.id ? made : undefined;
        },
      },
      { nameless: true },
    );
    const { ordersById } = await evidenceOf(mgr, watched);
    assert.equal(lookups, [made.id]);
    assert.is(ordersById.get(orderName(PAIR, made.id))?.value?.clientOrderId, "other-1");
    const proven = { ...watched, clientOrderIds: { inFills: true } };
    assert.is((await evidenceOf(mgr, proven)).ordersById.size, 0);
    assert.equal(lookups, [made.id], "an exchange that proves it is not asked");
  });

  test("an exchange that refuses to look orders up leaves it unknown whose they are", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
    let lookups = 0;
    const fetchOrderById = async () => {
      lookups += 1;
      throw new ExchangeError("unsupported", "no such call");
    };
    const withIds = async (pair: string, since: Date) =>
      (await exchange.fetchFills(pair, since)).map((fill, i) => ({ ...fill, orderId: `x${i}` }));
    const evidence = await evidenceOf(mgr, answering(stand, { fetchOrderById, fetchFills: withIds }));
    assert.is(evidence.ordersById.size, 0);
    assert.is(lookups, 1);
  });

  test("rates are asked for what is not booked and is in another currency, at the time of the fill", async () => {
    await using stand = await Stand.open(open, { config: { risk: { currency: "USDT" } } });
    const { mgr, exchange, clock } = stand;
    await exchange.setPrice("ETH/BTC", 0.05);
    await exchange.setPrice(PAIR, 100);
    await stand.hold("booked");
    const bought = await mgr.admit({
      signalId: "s1",
      pair: "ETH/BTC",
      side: "long",
      size: 1,
      price: 0.05,
      orderId: "s1",
      rate: 60_000,
    });
    assert.ok(bought.admitted);
    await stand.submit("s1");
    const at = new Date(clock.now);
    await stand.away(MINUTE * 2);
    const asked: [string, number][] = [];
    const rates = (currency: string, when: Date) => {
      asked.push([currency, when.getTime()]);
      return currency === "BTC" ? 50_000 : undefined;
    };
    const charged = answering(stand, {
      fetchFills: async (pair, since) =>
        (await exchange.fetchFills(pair, since)).map((fill) => ({ ...fill, feeOther: { amount: 1, currency: "BNB" } })),
    });
    const evidence = await evidenceOf(mgr, charged, { rates });
    assert.equal(asked, [
      ["BTC", at.getTime()],
      ["BNB", at.getTime()],
    ]);
    assert.equal([...evidence.rates], [[rateKey("BTC", at), 50_000]]);
    assert.equal(evidence.currencies, ["USDT"]);
    const wrong = await failure(evidenceOf(mgr, charged, { rates: () => -1 }));
    assert.match(wrong.message, /^options\.rates: expected a rate above zero, or undefined, of BTC at /);
  });

  test("trades that ended since the oldest thing are evidence, of the pairs that are looked at", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.setPrice("ETH/USDT", 10);
    await stand.hold("ended");
    await stand.hold("stays");
    await stand.hold("eth", { pair: "ETH/USDT" });
    await stand.away(MINUTE);
    await mgr.closePosition("ended", { pnl: 1 });
    await mgr.closePosition("eth", { pnl: 1 });
    const { trades } = await evidenceOf(mgr, exchange, { ours: { pairs: [PAIR] } });
    assert.equal(
      trades.map(({ id }) => id),
      ["ended"],
    );
  });

  test("how the account counts is asked, and unknown where the exchange does not say", async () => {
    await using stand = await Stand.open(open);
    const { mgr } = stand;
    const hedged = await evidenceOf(mgr, answering(stand, { positionMode: () => "hedge" }));
    assert.is(hedged.positionMode, "hedge");
    assert.is((await evidenceOf(mgr, answering(stand, {}))).positionMode, undefined);
    const failing = answering(stand, {
      positionMode: async () => {
        throw new ExchangeError("no_answer", "bad gateway");
      },
    });
    const plan = await planRecovery(mgr, failing, QUICK);
    assert.equal(plan.failures, []);
    assert.ok(plan.notes.includes("paper does not say how it counts positions: bad gateway"));
  });
};

/** An exchange that does not say when an order was made. */
function ageless(exchange: Exchange): Exchange["fetchOrder"] {
  return async (id, pair) => {
    const order = await exchange.fetchOrder(id, pair);
    if (!order) return undefined;
    const { createdAt: _, ...rest } = order;
    return rest;
  };
}
