import * as assert from "uvu/assert";
import { type Check, type ReconcileOptions, reconcile } from "../../../sync/index.js";
import type { Theme } from "../../contract/open.js";
import { PAIR, QUICK, Stand } from "./stand.js";

/** Checks so often; `between` runs after each check, with its number, and what it found. */
async function checks(
  { mgr, exchange }: Stand,
  count: number,
  options: ReconcileOptions = {},
  between: (check: Check, number: number) => void = () => {},
): Promise<Check[]> {
  const found: Check[] = [];
  const over = new AbortController();
  await reconcile(mgr, exchange, {
    ...QUICK,
    ...options,
    every: 0,
    signal: over.signal,
    onCheck(check) {
      found.push(check);
      between(check, found.length);
      if (found.length === count) over.abort();
    },
  });
  return found;
}

export const reconciling: Theme = (test, open) => {
  test("a check of what agrees finds nothing, leaves no event and blocks no entry", async () => {
    await using stand = await Stand.open(open);
    await stand.hold("s1");
    const before = (await stand.mgr.getEvents()).length;
    const found = await checks(stand, 3);
    assert.equal(
      found.map(({ differences, recovery, error }) => [differences, recovery, error]),
      [
        [[], undefined, undefined],
        [[], undefined, undefined],
        [[], undefined, undefined],
      ],
    );
    assert.is((await stand.mgr.getEvents()).length, before);
  });

  test("a difference becomes an event when it is first seen and when it lasts, and then what the mode says is done", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 110 });
    const found = await checks(stand, 4);
    assert.equal(
      found.map(({ differences }) => differences.map(({ reads }) => reads)),
      [[1], [2], [3], []],
    );
    assert.equal(
      found.map(({ recovery }) => recovery?.status),
      [undefined, undefined, "recovered", undefined],
    );
    assert.equal(await stand.holdings(), {});
    const events = (await mgr.getEvents()).flatMap((event) => (event.type === "difference_found" ? [event] : []));
    assert.equal(
      events.map(({ subject, reads }) => [subject, reads]),
      [
        ["book_external_fill s1 f2", 1],
        ["book_external_fill s1 f2", 3],
      ],
    );
    assert.match(events[0]?.found ?? "", /book fill f2 of others to position s1: 1 BTC\/USDT at 110/);
  });

  test("what the bot books meanwhile does not last", async () => {
    await using stand = await Stand.open(open);
    const { mgr } = stand;
    await stand.admit("s1");
    await stand.submit("s1");
    let booking: Promise<void> | undefined;
    const found = await checks(stand, 4, { every: 0 }, (_, number) => {
      if (number === 1) booking = stand.book("s1");
    });
    await booking;
    assert.ok(found.every(({ recovery }) => recovery === undefined));
    assert.is((await mgr.getPositions()).length, 1);
  });

  test("in mode restore a difference is told and nothing is done", async () => {
    await using stand = await Stand.open(open);
    await stand.hold("s1");
    await stand.exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 110 });
    const found = await checks(stand, 4, { mode: "restore" });
    assert.equal(
      found.map(({ differences, recovery }) => [differences[0]?.reads, recovery]),
      [
        [1, undefined],
        [2, undefined],
        [3, undefined],
        [4, undefined],
      ],
    );
    assert.equal(await stand.holdings(), { "BTC/USDT long": [1, 0] });
  });

  test("in mode manual a difference that lasts blocks entries until a person approves", async () => {
    await using stand = await Stand.open(open, { config: { recovery: { mode: "manual" } } });
    await stand.hold("s1");
    await stand.exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 110 });
    const found = await checks(stand, 5);
    assert.equal(
      found.map(({ recovery }) => recovery?.status),
      [undefined, undefined, "awaiting_approval", undefined, undefined],
      "it asks once",
    );
    const answer = await stand.mgr.admit({ signalId: "s2", pair: PAIR, side: "long", size: 1, price: 1 });
    assert.is(answer.admitted || answer.reason, "recovering");
  });

  test("a recovery that fails is tried again by the next check", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("s1");
    await exchange.trade({ pair: PAIR, side: "buy", size: 1, price: 100 });
    exchange.fail("createOrder", { kind: "rejected", times: 1_000 });
    const found = await checks(stand, 4, { lasting: 1, deadline: 10 }, (_, number) => {
      if (number === 2) exchange.behave();
    });
    assert.equal(
      found.map(({ recovery }) => recovery?.status),
      ["unsettled", "unsettled", "recovered", undefined],
    );
    assert.is(await mgr.getRecovery(), undefined);
  });

  test("a check that fails is told, changes nothing and does not end the row of those before it", async () => {
    await using stand = await Stand.open(open);
    const { exchange } = stand;
    await stand.hold("s1");
    await exchange.trade({ pair: PAIR, side: "sell", size: 1, price: 110 });
    const found = await checks(stand, 5, {}, (_, number) => {
      exchange.behave();
      if (number === 1) exchange.fail("fetchPositions", { kind: "authentication" });
      if (number === 2) exchange.fail("fetchPositions", { kind: "rate_limit", times: 1_000 });
    });
    assert.match(found[1]?.error?.message ?? "", /does not let this account in/);
    assert.is(found[2]?.plan?.failures.length, 1);
    assert.equal(
      found.map(({ differences }) => differences[0]?.reads),
      [1, undefined, undefined, 2, 3],
    );
    assert.is(found[4]?.recovery?.status, "recovered");
  });
};
