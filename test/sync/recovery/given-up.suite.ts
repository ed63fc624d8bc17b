/** Orders that the state gave up though they were filled, and of which nothing is left but their fills. */
import * as assert from "uvu/assert";
import { type Exchange, recover } from "../../../sync/index.js";
import { hasFailed } from "../../../sync/plan/evidence.js";
import { resolveOptions } from "../../../sync/plan/options.js";
import { gather } from "../../../sync/recovery/gather.js";
import { GivenUp } from "../../../sync/recovery/given-up.js";
import { DAY } from "../../contract/clock.js";
import type { Theme } from "../../contract/open.js";
import { delegate } from "./delegate.js";
import { bookable, HOUR, MINUTE, PAIR, QUICK, Stand } from "./stand.js";
import { anonymous, forgetful, sent, unproven } from "./telling.js";

/** An exchange that knows orders by the ids that they were given, and does not show these in fills. */
function namesNoFills({ exchange }: Stand): Exchange {
  return unproven(exchange, {
    fetchFills: async (pair, since) => (await exchange.fetchFills(pair, since)).map(anonymous),
  });
}

/** The paper exchange, and the pairs of which fills were asked for. */
function noting({ exchange }: Stand): { readonly noted: Exchange; readonly asked: string[] } {
  const asked: string[] = [];
  const fetchFills: Exchange["fetchFills"] = (pair, since) => {
    asked.push(pair);
    return exchange.fetchFills(pair, since);
  };
  return { noted: delegate(exchange, { fetchFills }), asked };
}

/** Which pairs one reading asks for. */
async function askedBy(
  stand: Stand,
  givenUp: GivenUp,
): Promise<{ readonly pairs: string[]; readonly notes: string[] }> {
  const { noted, asked } = noting(stand);
  const evidence = await gather(stand.mgr, noted, resolveOptions(stand.mgr, QUICK), givenUp);
  if (hasFailed(evidence)) throw new Error(JSON.stringify(evidence.failures));
  return { pairs: [...new Set(asked)], notes: [...evidence.limitations] };
}

async function giveUp({ mgr }: Stand, id: string, pair = PAIR): Promise<void> {
  await mgr.saveOrder({ id, pair, side: "buy", size: 1, price: 100 });
  await mgr.cancelOrder(id);
}

export const givenUp: Theme = (test, open) => {
  test("an entry that was cancelled in state though it was filled, and then liquidated, is booked with its loss", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    await stand.away(MINUTE);
    await exchange.setPrice(PAIR, 60);
    await exchange.liquidate(PAIR, "long");
    await mgr.cancelOrder("s1");
    await stand.away();
    const report = await recover(mgr, exchange, QUICK);
    assert.equal(
      [report.status, report.applied.map(({ key }) => key)],
      ["recovered", ["record_fill s1 f1", "book_external_fill s1 f2"]],
    );
    const { dailyPnl, consecutiveLosses } = await mgr.getRiskState();
    assert.equal([dailyPnl, consecutiveLosses], [-40.16, 1]);
    assert.equal((await recover(mgr, exchange, QUICK)).applied, []);
  });

  for (const side of ["long", "short"] as const) {
    test(`a ${side} entry that was cancelled in state though it was filled is looked up where fills do not say whose they are, and is no orphan`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await stand.admit("s1", { side });
      await stand.submit("s1");
      await mgr.cancelOrder("s1");
      await stand.away();
      const before = sent(exchange);
      const options = { ...QUICK, exclusiveAccount: true };
      const report = await recover(mgr, namesNoFills(stand), options);
      assert.equal([report.status, report.applied.map(({ key }) => key)], ["recovered", ["record_fill s1 f1"]]);
      assert.equal(await stand.holdings(), { [`${PAIR} ${side}`]: [1, 1] });
      assert.equal(sent(exchange), before);
      assert.equal((await recover(mgr, namesNoFills(stand), options)).applied, []);
    });
  }

  test("a stop that was cancelled in state alone is looked up, and what it closed is booked as its own", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await stand.stop("x1", "s1", 90);
    await mgr.cancelOrder("x1");
    await exchange.setPrice(PAIR, 90);
    await stand.away();
    const report = await recover(mgr, namesNoFills(stand), QUICK);
    assert.equal([report.status, report.applied.map(({ key }) => key)], ["recovered", ["record_fill x1 f2"]]);
    assert.equal(await stand.holdings(), {});
  });

  for (const what of ["close", "adopt"] as const) {
    test(`what a cancelled order that the exchange has forgotten may have made is not taken for an orphan (${what}) before a person has looked`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await stand.admit("s1");
      await stand.submit("s1");
      await mgr.cancelOrder("s1");
      await stand.away();
      const before = sent(exchange);
      const options = { ...QUICK, exclusiveAccount: true, orphanPositions: what };
      const report = await recover(mgr, forgetful(exchange), options);
      assert.equal([report.status, report.applied], ["awaiting_approval", []]);
      assert.equal([sent(exchange), await mgr.getPositions()], [before, []]);
      assert.match(
        report.plan.actions[0]?.needsPerson ?? "",
        /does not know order s1 .* cancelled in state, and fills that may be its are not booked: f1, buy 1 at 100, .* mgr\.recordFill\("s1", /,
      );
      const approved = await recover(mgr, forgetful(exchange), { ...options, approve: report.plan.hash });
      assert.is(approved.status, "recovered");
      assert.equal(await stand.holdings(), what === "close" ? {} : { [`${PAIR} long`]: [1, 1] });
    });
  }

  test("what nobody else can have made is booked to a cancelled order by whoever was asked, and nothing is left to ask", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    await mgr.cancelOrder("s1");
    await stand.away();
    const options = { ...QUICK, exclusiveAccount: true };
    assert.is((await recover(mgr, forgetful(exchange), options)).status, "awaiting_approval");
    const [fill] = await exchange.fetchFills(PAIR, new Date(0));
    if (!fill) throw new Error("it was not filled");
    await mgr.recordFill("s1", bookable(fill));
    const report = await recover(mgr, forgetful(exchange), options);
    assert.equal([report.status, report.applied], ["recovered", []]);
    assert.equal(await stand.holdings(), { [`${PAIR} long`]: [1, 1] });
  });

  test("a position by hand is an orphan though a recovery ended an order before that had never arrived", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1"); // it died before it was sent
    await stand.away();
    const options = { ...QUICK, exclusiveAccount: true };
    const first = await recover(mgr, forgetful(exchange), options);
    assert.equal([first.status, first.applied.map(({ type }) => type)], ["recovered", ["end_order"]]);
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    await stand.away();
    const report = await recover(mgr, forgetful(exchange), options);
    assert.equal([report.status, report.applied.map(({ type }) => type)], ["recovered", ["close_orphan"]]);
  });

  test("a cancelled order that the exchange does not know is asked for in one look only, and one that it knows until all is booked", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("s1");
    await mgr.cancelOrder("s1");
    await stand.admit("s2");
    await stand.submit("s2");
    await mgr.cancelOrder("s2");
    await stand.away();
    const asked: string[] = [];
    const looks = new GivenUp();
    const seen = delegate(namesNoFills(stand), {
      fetchOrder: (id, pair) => {
        asked.push(id);
        return exchange.fetchOrder(id, pair);
      },
    });
    const look = async () => {
      asked.length = 0;
      const evidence = await gather(mgr, seen, resolveOptions(mgr, QUICK), looks);
      if (hasFailed(evidence)) throw new Error(JSON.stringify(evidence.failures));
      return [...new Set(asked)].toSorted();
    };
    assert.equal(await look(), ["s1", "s2"]);
    assert.equal(await look(), ["s2"]);
    await recover(mgr, namesNoFills(stand), QUICK);
    await look();
    assert.equal(await look(), []);
  });

  test("an order that was given up more than a day ago costs no request", async () => {
    await using stand = await Stand.open(open);
    await giveUp(stand, "s1");
    await stand.away(DAY - HOUR);
    assert.equal((await askedBy(stand, new GivenUp())).pairs, [PAIR]);
    await stand.away(2 * HOUR);
    assert.equal((await askedBy(stand, new GivenUp())).pairs, []);
  });

  test("an order that was given up is looked for until a look after the grace has found all of it booked", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    const looks = new GivenUp();
    await stand.admit("s1");
    await stand.submit("s1");
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 90 });
    await mgr.cancelOrder("s1");
    assert.equal((await askedBy(stand, looks)).pairs, [PAIR]);
    await stand.away(2 * MINUTE);
    // It is old enough, but its fill is not booked.
    assert.equal((await askedBy(stand, looks)).pairs, [PAIR]);
    assert.equal((await askedBy(stand, looks)).pairs, [PAIR]);
    await recover(mgr, exchange, QUICK);
    assert.equal((await askedBy(stand, looks)).pairs, [PAIR]);
    assert.equal((await askedBy(stand, looks)).pairs, []);
    await giveUp(stand, "s2");
    assert.equal((await askedBy(stand, looks)).pairs, [PAIR]);
  });

  test("no more than twenty pairs are read in one look for what was given up, and the next look goes on with the others", async () => {
    await using stand = await Stand.open(open);
    const pairs = Array.from({ length: 23 }, (_, i) => `C${i}/USDT`);
    for (const pair of pairs) {
      await stand.exchange.setPrice(pair, 100);
      stand.clock.now += 1;
      await giveUp(stand, pair, pair);
    }
    await stand.away();
    const looks = new GivenUp();
    const first = await askedBy(stand, looks);
    assert.equal(first.pairs.toSorted(), pairs.slice(3).toSorted());
    assert.ok(
      first.notes.some((note) => note.startsWith("3 pairs were not looked at for orders that the state gave up")),
    );
    const next = await askedBy(stand, looks);
    assert.equal([next.pairs.toSorted(), next.notes], [pairs.slice(0, 3).toSorted(), []]);
    assert.equal((await askedBy(stand, looks)).pairs, []);
  });

  test("who looks again reads only the events since, however many there are", async () => {
    await using stand = await Stand.open(open);
    const { mgr } = stand;
    await giveUp(stand, "s1");
    for (let i = 0; i < 1100; i += 1) await mgr.setCooldown(PAIR, 1000 + i, { replace: true });
    const lots: (string | undefined)[] = [];
    const counted = new Proxy(mgr, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          if (name === "getEvents") lots.push(JSON.stringify(args[0]));
          return Reflect.apply(value, target, args);
        };
      },
    });
    const looks = new GivenUp();
    const snapshot = await mgr.snapshot();
    const ids = async () => (await looks.read(counted, snapshot, () => false)).orders.map(({ id }) => id);
    assert.equal(await ids(), ["s1"]);
    assert.is(lots.length, 2);
    assert.equal(await ids(), ["s1"]);
    assert.is(lots.length, 3);
    await giveUp(stand, "s2");
    assert.equal((await ids()).toSorted(), ["s1", "s2"]);
    assert.is(lots.length, 4);
  });
};
