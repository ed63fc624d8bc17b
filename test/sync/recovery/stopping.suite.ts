/** A recovery tells what it is at, can be stopped, waits for one that died, and is not cut while it gets on. */
import * as assert from "uvu/assert";
import { LockedError } from "../../../src/index.js";
import { type Exchange, type Progress, reconcile, recover } from "../../../sync/index.js";

import { another } from "../../contract/another.js";
import { DAY } from "../../contract/clock.js";
import { failure } from "../../contract/expect.js";
import type { Theme } from "../../contract/open.js";
import { seenBy } from "./random-exchange.js";
import { PAIR, QUICK, Stand } from "./stand.js";

const REASON = new Error("the operator has pressed stop");

export const stopping: Theme = (test, open) => {
  test("it tells what it asks, what it does and what it waits for, and for how long it has been at it", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    exchange.fail("createOrder", { kind: "rejected", call: 1 });
    const told: Progress[] = [];
    await recover(mgr, exchange, { ...QUICK, onProgress: (progress) => told.push(progress) });
    assert.is(told[0]?.what, "paper: its time");
    assert.equal([...new Set(told.map(({ at }) => at))], ["asking", "acting", "waiting", "done"]);
    assert.match(told.find(({ at }) => at === "acting")?.what ?? "", /BTC\/USDT/);
    const elapsed = told.map((progress) => progress.elapsed);
    assert.equal(
      elapsed,
      [...elapsed].sort((a, b) => a - b),
    );
  });

  for (const at of ["asking", "acting", "waiting"] as const) {
    test(`stopped while it is ${at}, it rejects with the reason and sends nothing more; the next one ends it`, async () => {
      await using stand = await Stand.open(open);
      const { mgr, exchange } = stand;
      await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
      if (at === "waiting") exchange.fail("createOrder", { kind: "rejected", call: 1 });
      const stop = new AbortController();
      let sent = -1;
      const onProgress = (progress: Progress) => {
        if (progress.at !== at || stop.signal.aborted) return;
        stop.abort(REASON);
        sent = exchange.seen.length;
      };
      const error = await failure(recover(mgr, exchange, { ...QUICK, signal: stop.signal, onProgress }));
      assert.is(error, REASON);
      assert.is(exchange.seen.length, sent);
      const answer = await mgr.admit({ signalId: "s9", pair: PAIR, side: "long", size: 1, price: 1 });
      assert.is(answer.admitted || answer.reason, "recovering");
      assert.is((await recover(mgr, exchange, QUICK)).status, "recovered");
      assert.equal(await stand.holdings(), {});
    });
  }

  test("stopped before it begins, it begins nothing", async () => {
    await using stand = await Stand.open(open);
    const error = await failure(recover(stand.mgr, stand.exchange, { ...QUICK, signal: AbortSignal.abort(REASON) }));
    assert.is(error, REASON);
    assert.is(await stand.mgr.getRecovery(), undefined);
  });

  test("a call of the exchange that hangs is left when it is stopped", async () => {
    const stop = new AbortController();
    await using stand = await Stand.open(open);
    const hanging: Exchange = {
      ...seenBy(stand.exchange, { nameless: false, before: async () => {} }),
      fetchPositions: () => new Promise(() => {}),
    };
    const onProgress = () => queueMicrotask(() => stop.abort(REASON));
    assert.is(await failure(recover(stand.mgr, hanging, { ...QUICK, signal: stop.signal, onProgress })), REASON);
  });

  test("the continuous check, stopped in the middle of a recovery, ends quietly and sends nothing more", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    const stop = new AbortController();
    const onProgress = ({ at }: Progress) => {
      if (at === "acting") stop.abort();
    };
    await reconcile(mgr, exchange, { ...QUICK, lasting: 1, every: 0, signal: stop.signal, onProgress });
    assert.equal(exchange.seen, []);
    assert.ok(await mgr.getRecovery());
  });

  test("it waits for the lease of a process that died, and does not wait for ever for one that lives", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await using bot = await another(mgr, open, {}, { clock: clock.read });
    // One process has one manager of a flow there: it resumes what it began itself.
    if (bot.other === mgr) return;
    // Its lease is renewed in hours only: as good as dead.
    await bot.other.beginRecovery("it dies in this", { ttl: "24h" });
    const error = await failure(recover(mgr, exchange, { ...QUICK, wait: 0 }));
    assert.instance(error, LockedError);
    const told: string[] = [];
    const onProgress = ({ at, what }: Progress) => {
      if (at !== "lease") return;
      told.push(what);
      clock.now += DAY + 1;
    };
    assert.is((await recover(mgr, exchange, { ...QUICK, onProgress })).status, "recovered");
    assert.is(told.length, 1);
    assert.match(told[0] ?? "", /is being recovered by other, which holds it until/);
  });

  test("stopped while it waits for another process, it rejects with the reason", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange, clock } = stand;
    await using bot = await another(mgr, open, {}, { clock: clock.read });
    if (bot.other === mgr) return;
    await bot.other.beginRecovery("it lives", { ttl: "24h" });
    const stop = new AbortController();
    const onProgress = () => stop.abort(REASON);
    assert.is(await failure(recover(mgr, exchange, { ...QUICK, signal: stop.signal, onProgress })), REASON);
  });

  test("the deadline does not cut what gets on: each step of a long way may take that long", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await stand.hold("s2");
    const report = await recover(mgr, exchange, { ...QUICK, mode: "close_all", deadline: 0 });
    assert.is(report.status, "recovered");
    assert.ok(report.applied.length >= 4, report.applied.map(({ key }) => key).join());
    assert.equal(await stand.holdings(), {});
  });
};
