/** A plan that waits for a person: kept in the flow, approved there, carried out once by whoever recovers next. */
import * as assert from "uvu/assert";
import type { StateManager } from "../../../src/index.js";
import { type Check, ExchangeError, reconcile, recover } from "../../../sync/index.js";
import type { Theme } from "../../contract/open.js";
import { delegate } from "./delegate.js";
import { PAIR, QUICK, Stand } from "./stand.js";

/** An orphan that a person has to look at; answers the hash of the plan that waits. */
async function waitingPlan({ mgr, exchange }: Stand): Promise<string> {
  await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
  const report = await recover(mgr, exchange, { ...QUICK, mode: "manual" });
  assert.is(report.status, "awaiting_approval");
  return report.plan.hash;
}

/** Notes in the journal what another process would. */
async function note(mgr: StateManager, entries: Readonly<Record<string, string>>): Promise<void> {
  await using recovery = await mgr.beginRecovery("noting");
  for (const [key, value] of Object.entries(entries)) await recovery.note(key, value);
}

async function journalOf(mgr: StateManager): Promise<ReadonlyMap<string, string>> {
  return (await mgr.getRecovery())?.journal ?? new Map();
}

export const approving: Theme = (test, open) => {
  test("a plan that waits is kept with its actions, its evidence and its hash", async () => {
    await using stand = await Stand.open(open);
    const hash = await waitingPlan(stand);
    const journal = await journalOf(stand.mgr);
    assert.is(journal.get("plan_hash"), hash);
    const kept = JSON.parse(journal.get("plan") ?? "");
    assert.equal(
      [kept.hash, kept.at, kept.mode, kept.omitted],
      [hash, new Date(stand.clock.now).toISOString(), "manual", 0],
    );
    const [action] = kept.actions;
    assert.is(action.type, "close_orphan");
    assert.is(action.needsPerson, "recovery.mode is manual");
    assert.match(action.evidence[0], /2 long in 2 agreeing reads, 0 tracked/);
  });

  test("a plan that nobody is asked about is not kept", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    let journal: ReadonlyMap<string, string> = new Map();
    const onProgress = async () => {
      journal = await journalOf(mgr);
    };
    assert.is((await recover(mgr, exchange, { ...QUICK, onProgress })).status, "recovered");
    assert.not(journal.has("plan"));
  });

  test("a plan that was approved in the flow is carried out by the next recovery, without being given its hash", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await note(mgr, { approved: await waitingPlan(stand) });
    const report = await recover(mgr, exchange, { ...QUICK, mode: "manual" });
    assert.is(report.status, "recovered");
    assert.equal(
      report.applied.map(({ type }) => type),
      ["close_orphan"],
    );
    assert.equal(await stand.holdings(), {});
    assert.is(await mgr.getRecovery(), undefined);
  });

  test("an approval of a plan that no longer holds does nothing, and the new plan is kept", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await note(mgr, { approved: await waitingPlan(stand) });
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
    const report = await recover(mgr, exchange, { ...QUICK, mode: "manual" });
    assert.is(report.status, "awaiting_approval");
    assert.equal(report.applied, []);
    assert.is((await journalOf(mgr)).get("plan_hash"), report.plan.hash);
    assert.equal(await stand.holdings(), { "BTC/USDT long": [0, 3] });
  });

  test("what an approved plan has left to do is done under a later plan, by whoever resumes it", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.setPrice("ETH/USDT", 10);
    await exchange.trade({ pair: "ETH/USDT", side: "buy", size: 1, price: 10 });
    await note(mgr, { approved: await waitingPlan(stand) });
    const refusing = delegate(exchange, {
      createOrder: (request) =>
        request.pair === PAIR
          ? exchange.createOrder(request)
          : Promise.reject(new ExchangeError("rejected", "not in the mood")),
    });
    const first = await recover(mgr, refusing, { ...QUICK, mode: "manual", deadline: 0 });
    assert.is(first.status, "unsettled");
    assert.is(first.applied.length, 1);
    const second = await recover(mgr, exchange, { ...QUICK, mode: "manual" });
    assert.is(second.status, "recovered");
    assert.equal(await stand.holdings(), {});
  });

  test("an approval that the version before noted, with its keys, still counts", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    const hash = await waitingPlan(stand);
    const keys = [`close_orphan ${PAIR} long`];
    await note(mgr, { approved: JSON.stringify({ hash, keys }) });
    const report = await recover(mgr, exchange, { ...QUICK, mode: "manual" });
    assert.is(report.status, "recovered");
    assert.equal(await stand.holdings(), {});
  });

  test("the continuous check carries out a plan once it is approved, and does not ask again before", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await exchange.trade({ pair: PAIR, side: "buy", size: 2, price: 100 });
    const over = new AbortController();
    const found: Check[] = [];
    let approval = Promise.resolve();
    await reconcile(mgr, exchange, {
      ...QUICK,
      mode: "manual",
      lasting: 1,
      every: 0,
      signal: over.signal,
      onCheck(check) {
        found.push(check);
        if (found.length === 3) approval = approve();
        if (check.recovery?.status === "recovered" || found.length === 50) over.abort();
      },
    });
    await approval;
    const statuses = found.map(({ recovery }) => recovery?.status);
    assert.equal(statuses.slice(0, 3), ["awaiting_approval", undefined, undefined]);
    assert.is(statuses.at(-1), "recovered");
    assert.equal(await stand.holdings(), {});

    async function approve(): Promise<void> {
      const hash = (await journalOf(mgr)).get("plan_hash");
      if (hash !== undefined) await note(mgr, { approved: hash });
    }
  });
};
