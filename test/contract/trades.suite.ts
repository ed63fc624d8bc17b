/** The trades of a flow, and what its days are made of. */
import fc from "fast-check";
import * as assert from "uvu/assert";
import { plus } from "../../src/exact/double.js";
import type { DailyRisk, StateManager, Trade } from "../../src/index.js";
import { admitted } from "./admission.suite.js";
import { Clock, DAY, HOUR, MINUTE, NOON, SECOND } from "./clock.js";
import type { Theme } from "./open.js";
import { LONG } from "./samples.js";

const PAIR = LONG.pair;

/** Saves a position and closes it. */
async function trade(
  mgr: StateManager,
  id: string,
  more: { pair?: string; ts?: number; pnl?: number; rate?: number } = {},
) {
  const { pair = PAIR, pnl = 1, ts, rate } = more;
  await mgr.savePosition({ ...LONG, id, pair, ...(rate !== undefined && { rate }) });
  return mgr.closePosition(id, { pnl, ...(ts !== undefined && { ts }) });
}

function ids(trades: readonly Trade[]): string[] {
  return trades.map(({ id }) => id);
}

/** The sum of the decimals that the doubles read as. */
function total(amounts: readonly number[]): number {
  return amounts.reduce((sum, amount) => plus(sum, amount), 0);
}

/** A step of a position's life: what is booked on it, or how it ends. */
type Deed =
  | { readonly kind: "enter" | "leave"; readonly size: number; readonly price: number; readonly fee: number }
  | { readonly kind: "close" | "tell" | "book"; readonly pnl: number }
  | { readonly kind: "remove" | "explain" | "dust" | "sell dust" };

const cents = fc.integer({ min: -20_000, max: 20_000 }).map((n) => n / 100);
const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("enter" as const, "enter" as const, "leave" as const, "leave" as const),
    size: fc.constantFrom(0.5, 1, 2),
    price: fc.integer({ min: 90, max: 110 }),
    fee: fc.constantFrom(0, 0.25, -0.1),
  }),
  fc.record({ kind: fc.constantFrom("close" as const, "tell" as const, "book" as const), pnl: cents }),
  fc.record({ kind: fc.constantFrom("remove" as const, "explain" as const, "dust" as const, "sell dust" as const) }),
);

/** Does a deed to the newest position; what may not be done then is not done. `ago` is when it happened, where it says so. */
async function act(mgr: StateManager, n: number, what: Deed, ts: number | undefined): Promise<void> {
  const at = ts === undefined ? {} : { ts };
  const [position] = (await mgr.getPositions()).slice(-1);
  if (what.kind === "enter") {
    const id = `in ${n}`;
    await mgr.saveOrder({ id, pair: PAIR, side: "buy", size: what.size, ...(position && { positionId: position.id }) });
    const { size, price, fee } = what;
    await mgr.recordFill(id, { fillId: "f", size, price, fee, ...at });
  } else if (what.kind === "book") await mgr.updateDailyPnl(what.pnl, at);
  else if (what.kind === "explain" || what.kind === "sell dust") {
    const [last] = (await mgr.getTrades()).slice(-1);
    const named = what.kind === "explain" && last ? { positionId: last.id } : {};
    await mgr.saveOrder({ id: `out ${n}`, pair: PAIR, side: "sell", size: 1, intent: "exit", ...named });
    await mgr.recordFill(`out ${n}`, { fillId: "f", size: 0.25, price: 104, fee: 0.5, ...at }).catch(() => undefined);
  } else if (!position) return;
  else if (what.kind === "leave" || what.kind === "dust") {
    const { size, price, fee } = what.kind === "leave" ? what : { size: position.size / 2, price: 99, fee: 0 };
    await mgr.saveOrder({ id: `out ${n}`, pair: PAIR, side: "sell", size, intent: "exit", positionId: position.id });
    const rest = what.kind === "dust" ? { dust: position.size } : {};
    await mgr.recordFill(`out ${n}`, { fillId: "f", size, price, fee, ...rest, ...at });
  } else if (what.kind === "close") await mgr.closePosition(position.id, { pnl: what.pnl, ...at });
  else if (what.kind === "tell") await mgr.updateDailyPnl(what.pnl, { tradeId: position.id, ...at });
  else await mgr.removePosition(position.id);
}

export const trades: Theme = (test, open, { runs }) => {
  test("a trade tells all of the position that it was", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read, instanceId: "bot-1" });
    const { id } = await admitted(mgr, {
      signalId: "s1",
      side: "short",
      size: 2,
      price: 100,
      metadata: { strategy: "breakout", tags: [] },
    });
    await mgr.recordFill(id, { fillId: "e1", price: 99, size: 1.5, fee: 0.5, ts: NOON - MINUTE });
    await mgr.recordFill(id, { fillId: "e2", price: 97, size: 0.5, fee: 0.25 });
    await mgr.saveOrder({
      id: "out",
      pair: PAIR,
      side: "buy",
      size: 2,
      price: 90,
      intent: "exit",
      positionId: id,
      reason: "tp",
    });
    clock.now += HOUR;
    await mgr.recordFill("out", { fillId: "x1", price: 91, size: 0.5, fee: 0.125 });
    const { trades: ended } = await mgr.recordFill("out", { fillId: "x2", price: 89, size: 1.5, ts: clock.now - 5 });
    const told: Trade = {
      key: `${NOON + HOUR}-0`,
      id,
      pair: PAIR,
      side: "short",
      size: 2,
      // 1.5 x 99 + 0.5 x 97 = 197
      entryPrice: 98.5,
      // 0.5 x 91 + 1.5 x 89 = 179
      exitPrice: 89.5,
      entryTs: new Date(NOON - MINUTE),
      exitTs: new Date(NOON + HOUR),
      pnl: 18 - 0.875,
      fees: 0.875,
      cash: 0,
      currency: "USDT",
      signalId: "s1",
      reason: "tp",
      entryInstance: "bot-1",
      entryAsked: 100,
      exitAsked: 90,
      metadata: { strategy: "breakout", tags: [] },
    };
    assert.equal(ended, [told]);
    assert.equal(await mgr.getTrades(), [told]);
  });

  test("a position that was left in between has all that was entered as its trade's size", async () => {
    await using mgr = await open();
    await mgr.saveOrder({ id: "in", pair: PAIR, side: "buy", size: 9 });
    await mgr.saveOrder({ id: "out", pair: PAIR, side: "sell", size: 9, intent: "exit", positionId: "in" });
    await mgr.recordFill("in", { fillId: "1", price: 100, size: 1 });
    await mgr.recordFill("out", { fillId: "1", price: 110, size: 0.5 });
    await mgr.recordFill("in", { fillId: "2", price: 130, size: 1 });
    const { trades: ended } = await mgr.recordFill("out", { fillId: "2", price: 130, size: 1.5 });
    // 0.5 x 110 + 1.5 x 130 = 250 came from 230 that were paid
    assert.equal([ended[0]?.size, ended[0]?.exitPrice, ended[0]?.pnl], [2, 125, 20]);
  });

  test("the currency of a trade is the flow's: what its first pair settles in", async () => {
    for (const [pair, currency] of [
      ["ETH/BTC", "BTC"],
      ["BTC/USDT:USDT", "USDT"],
      ["BTC/USDC:USDC-240628", "USDC"],
    ] as const) {
      await using mgr = await open();
      assert.is((await trade(mgr, "p", { pair })).trade?.currency, currency);
      const later = { pair: "ADA/EUR", rate: 1.1 };
      assert.is((await trade(mgr, "q", later)).trade?.currency, currency);
    }
  });

  test("trades are told by time and by pair: from is the first that is in, to the first that is not", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (let n = 0; n < 6; n++) {
      await trade(mgr, `p${n}`, { pair: n % 2 === 0 ? PAIR : "ETH/USDT" });
      clock.now += SECOND;
    }
    const at = (n: number) => NOON + n * SECOND;
    assert.equal(ids(await mgr.getTrades()), ["p0", "p1", "p2", "p3", "p4", "p5"]);
    assert.equal(ids(await mgr.getTrades({ from: at(2) })), ["p2", "p3", "p4", "p5"]);
    assert.equal(ids(await mgr.getTrades({ from: at(2) + 1 })), ["p3", "p4", "p5"]);
    assert.equal(ids(await mgr.getTrades({ to: at(2) })), ["p0", "p1"]);
    assert.equal(ids(await mgr.getTrades({ to: new Date(at(2) + 1) })), ["p0", "p1", "p2"]);
    assert.equal(ids(await mgr.getTrades({ from: new Date(at(1)), to: at(4) })), ["p1", "p2", "p3"]);
    assert.equal(ids(await mgr.getTrades({ from: at(1), to: at(4), pair: PAIR })), ["p2"]);
    assert.equal(ids(await mgr.getTrades({ pair: "ETH/USDT", limit: 2 })), ["p1", "p3"]);
    assert.equal(await mgr.getTrades({ pair: "eth/usdt" }), []);
    assert.equal(await mgr.getTrades({ from: at(4), to: at(4) }), []);
    assert.equal(await mgr.getTrades({ from: at(6) }), []);
  });

  test("from and to compare when trades ended, their order is that in which they were booked", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await trade(mgr, "now");
    await trade(mgr, "late", { ts: NOON - 40 * DAY });
    await trade(mgr, "early", { ts: NOON + MINUTE });
    clock.now -= DAY;
    await trade(mgr, "back");
    const all = await mgr.getTrades();
    assert.equal(ids(all), ["now", "late", "early", "back"]);
    assert.equal(
      all.map(({ key }) => key),
      [0, 1, 2, 3].map((seq) => `${NOON}-${seq}`),
    );
    assert.equal(ids(await mgr.getTrades({ to: NOON - DAY })), ["late"]);
    assert.equal(ids(await mgr.getTrades({ to: NOON })), ["late", "back"]);
    assert.equal(ids(await mgr.getTrades({ from: NOON })), ["now", "early"]);
    assert.equal(ids(await mgr.getTrades({ from: NOON + MINUTE })), ["early"]);
  });

  test("trades are read from any place on, so many at a time, and none is read twice", async () => {
    await using mgr = await open();
    for (let n = 0; n < 25; n++) await trade(mgr, `p${n}`, { pair: n % 5 === 0 ? "ETH/USDT" : PAIR });
    const all = await mgr.getTrades();
    assert.is(all.length, 25);
    for (const pair of [undefined, "ETH/USDT", PAIR]) {
      const some = all.filter((each) => pair === undefined || each.pair === pair);
      for (const limit of [1, 7, 24, 25, 26]) {
        const read: Trade[] = [];
        for (;;) {
          const last = read.at(-1);
          const page = await mgr.getTrades({ limit, ...(last && { after: last.key }), ...(pair && { pair }) });
          assert.ok(page.length <= limit);
          if (page.length === 0) break;
          read.push(...page);
        }
        assert.equal(read, some);
      }
    }
    for (const [i, { key }] of all.entries()) assert.equal(await mgr.getTrades({ after: key }), all.slice(i + 1));
    assert.equal(await mgr.getTrades({ after: "0-0" }), all);
    assert.equal(await mgr.getTrades({ after: "999999999999999-0" }), []);
  });

  test("without a limit a thousand trades are told, and one of a rare pair is found behind them", async () => {
    await using mgr = await open();
    await Promise.all(
      Array.from({ length: 1010 }, (_, n) => trade(mgr, `p${n}`, { pair: n === 1009 ? "ETH/USDT" : PAIR })),
    );
    assert.is((await mgr.getTrades()).length, 1000);
    assert.is((await mgr.getTrades({ limit: 1005 })).length, 1005);
    assert.is((await mgr.getTrades({ limit: 5000 })).length, 1010);
    assert.equal(ids(await mgr.getTrades({ pair: "ETH/USDT" })), ["p1009"]);
  });

  test("trades are kept over close and connect, and go on", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.saveOrder({ id: "a", pair: PAIR, side: "buy", size: 1 });
    await mgr.recordFill("a", { fillId: "e1", price: 100, size: 1 });
    await mgr.removePosition("a");
    await mgr.saveOrder({ id: "out", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "a" });
    await mgr.recordFill("out", { fillId: "x1", price: 90, size: 0.5 });
    const before = await mgr.getTrades();
    await mgr.close();
    await mgr.connect();
    assert.equal(await mgr.getTrades(), before);
    await mgr.recordFill("out", { fillId: "x2", price: 90, size: 0.5 });
    await trade(mgr, "p");
    const [first, second] = await mgr.getTrades();
    assert.equal([first?.pnl, first?.untold, second?.id, second?.key], [-10, undefined, "p", `${NOON}-1`]);
  });

  test("beyond max_length the oldest trades are forgotten; a file keeps all", async () => {
    await using mgr = await open({ trades: { max_length: 10 } });
    for (let n = 0; n < 300; n++) await trade(mgr, `p${n}`);
    const kept = ids(await mgr.getTrades());
    const oldest = mgr.config.backend === "duckdb" ? 0 : 300 - kept.length;
    assert.ok(kept.length >= 10 && (oldest === 0) === (mgr.config.backend === "duckdb"), `${kept.length} are kept`);
    assert.equal(
      kept,
      Array.from({ length: 300 - oldest }, (_, n) => `p${oldest + n}`),
    );
    assert.equal(ids(await mgr.getTrades({ after: "0-0", limit: 3 })), kept.slice(0, 3));
    await mgr.close();
    await mgr.connect();
    assert.equal(ids(await mgr.getTrades()), kept);
  });

  test("the parts of every day add up to it, and all days to the trades, what is open, and what is no trade's", async () => {
    const step = fc.record({
      what: deed,
      wait: fc.constantFrom(0, HOUR, 9 * HOUR, DAY),
      ago: fc.constantFrom(undefined, undefined, 0, 13 * HOUR, 2 * DAY),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const clock = new Clock();
        await using mgr = await open({}, { clock: clock.read });
        let untied = 0;
        for (const [n, { what, wait, ago }] of steps.entries()) {
          clock.now += wait;
          await act(mgr, n, what, ago === undefined ? undefined : clock.now - ago);
          if (what.kind === "book") untied = total([untied, what.pnl]);
        }
        clock.now += 2 * DAY;
        const days = await mgr.getDailyHistory();
        const sum = (part: (day: DailyRisk) => number) => total(days.map(part));
        for (const { day, pnl, parts } of days) assert.is(total(Object.values(parts)), total([pnl]), day);
        const ended = total((await mgr.getTrades()).map(({ pnl }) => pnl));
        const held = total((await mgr.getPositions()).map(({ realised }) => realised));
        assert.is(
          sum(({ parts: { closed, later } }) => plus(closed, later)),
          ended,
          "trades",
        );
        assert.is(
          sum(({ parts }) => parts.open),
          held,
          "positions",
        );
        assert.is(
          sum(({ parts }) => parts.untied),
          untied,
          "told by the bot",
        );
      }),
      { numRuns: runs(40) },
    );
  });
};
