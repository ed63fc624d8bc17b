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
import { HOUR, MINUTE, PAIR, QUICK, Stand } from "./stand.js";

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
