import fc from "fast-check";
import * as assert from "uvu/assert";
import type { FillInput, FillResult, OrderInput, StateManager } from "../../src/index.js";
import { admitted } from "./admission.suite.js";
import { another } from "./another.js";
import { Clock, DAY, HOUR, MINUTE, NOON } from "./clock.js";
import { everything, failure, refused, sameDouble } from "./expect.js";
import type { Theme } from "./open.js";
import { toldReservations } from "./reservations.js";
import { BUY, DOUBLES, dayOver, EXOTIC_NAMES, LONG, POSITION } from "./samples.js";
import { stored } from "./stored.js";

const PAIR = BUY.pair;

const ENTRY = { id: "in", pair: PAIR, side: "buy", size: 1, price: 100 } as const satisfies OrderInput;
const EXIT = {
  id: "out",
  pair: PAIR,
  side: "sell",
  size: 1,
  price: 110,
  intent: "exit",
  positionId: "in",
} as const satisfies OrderInput;

/** Opens the position `in` by one fill of an order of its own, and stores an order to leave it. */
async function enter(mgr: StateManager, fill: Partial<FillInput> = {}, side: "long" | "short" = "long"): Promise<void> {
  const [buy, sell] = side === "long" ? (["buy", "sell"] as const) : (["sell", "buy"] as const);
  await mgr.saveOrder({ ...ENTRY, side: buy, size: 1000 });
  await mgr.recordFill("in", { fillId: "e1", price: 100, size: 1, ...fill });
  await mgr.saveOrder({ ...EXIT, side: sell, size: 1000 });
}

/** What a position brings that is entered at one price and left at another: the PnL of a day of its own. */
function results(mgr: StateManager, clock: Clock) {
  let n = 0;
  return async (entry: number, exit: number, size: number, fee: number, side: "long" | "short") => {
    clock.now += DAY;
    const id = `p${n++}`;
    const [buy, sell] = side === "long" ? (["buy", "sell"] as const) : (["sell", "buy"] as const);
    await mgr.saveOrder({ ...ENTRY, id, side: buy, size });
    await mgr.recordFill(id, { fillId: "e1", price: entry, size });
    await mgr.saveOrder({ ...EXIT, id: `${id} out`, side: sell, positionId: id });
    const { position, risk } = await mgr.recordFill(`${id} out`, { fillId: "x1", price: exit, size, fee });
    assert.is(position, undefined);
    return risk.dailyPnl;
  };
}

/** What two flows have in common when the same things happened in them. */
async function outcome(mgr: StateManager) {
  const { flowId: _, epoch: __, ...rest } = await everything(mgr);
  return rest;
}

/** The double nearest to a quotient of whole numbers. */
function nearest(numerator: bigint, denominator: bigint): number {
  const scaled = (numerator * 10n ** 60n) / denominator;
  const sticky = scaled * denominator === numerator * 10n ** 60n ? "" : "1";
  return Number(`${scaled}${sticky}e-${60 + sticky.length}`);
}

/** A quotient of whole numbers, rounded half away from zero. */
function rounded(numerator: bigint, denominator: bigint): bigint {
  const size = numerator < 0n ? -numerator : numerator;
  const nearestWhole = (2n * size + denominator) / (2n * denominator);
  return numerator < 0n ? -nearestWhole : nearestWhole;
}

/** An execution as exchanges tell them: prices to the cent, sizes to 4 places, fees to 3, up to three days ago. */
interface Execution {
  readonly cents: number;
  readonly lots: number;
  readonly mills: number;
  readonly ago: number;
}

const execution: fc.Arbitrary<Execution> = fc.record({
  cents: fc.integer({ min: 1, max: 10_000_000 }),
  lots: fc.integer({ min: 1, max: 100_000 }),
  mills: fc.integer({ min: -5000, max: 5000 }),
  ago: fc.constantFrom(0, HOUR, 13 * HOUR, DAY, 3 * DAY),
});

/** Some executions, and an order in which they may be told, some of them again. */
const told = fc.array(execution, { minLength: 2, maxLength: 6 }).chain((executions) => {
  const indexes = executions.map((_, i) => i);
  return fc.record({
    executions: fc.constant(executions),
    order: fc.shuffledSubarray(indexes, { minLength: indexes.length }),
    again: fc.array(fc.constantFrom(...indexes), { maxLength: 6 }),
  });
});

function fillOf({ cents, lots, mills, ago }: Execution, i: number): FillInput {
  return {
    fillId: `f${i}`,
    price: Number(`${cents}e-2`),
    size: Number(`${lots}e-4`),
    fee: Number(`${mills}e-3`),
    ts: NOON - ago,
  };
}

function totalSize(executions: readonly Execution[]): number {
  return Number(`${executions.reduce((sum, { lots }) => sum + lots, 0)}e-4`);
}

/** Tells an order's fills in this order; each is applied the first time and no other. */
async function tell(mgr: StateManager, id: string, executions: readonly Execution[], order: readonly number[]) {
  const seen = new Set<number>();
  for (const i of order) {
    const one = executions[i];
    if (!one) throw new Error(`there is no execution ${i}`);
    const { applied } = await mgr.recordFill(id, fillOf(one, i));
    assert.is(applied, !seen.has(i));
    seen.add(i);
  }
}

export const fills: Theme = (test, open, { runs }) => {
  test("an entry fill opens the position that the order asked for and shrinks the order", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const intent = await admitted(mgr, { size: 2, price: 100, tp: 120, sl: 90, cooldown: "5m", metadata: { a: [] } });
    clock.now += MINUTE;
    const result = await mgr.recordFill(intent.id, { fillId: "f1", price: 99.5, size: 0.5, fee: 0.1, ts: NOON + 1 });
    const position = {
      ...POSITION,
      id: intent.id,
      pair: PAIR,
      size: 0.5,
      entryPrice: 99.5,
      entryTs: new Date(NOON + 1),
      tp: 120,
      sl: 90,
      cooldown: 5 * MINUTE,
      metadata: { a: [] },
      realised: -0.1,
      fees: 0.1,
      openedBy: "fills",
    };
    const order = { ...intent, status: "partially_filled", filled: 0.5, positionId: intent.id, version: 2 };
    assert.equal(result, {
      applied: true,
      order,
      position,
      positions: [position],
      trades: [],
      booked: -0.1,
      exitsLeft: [],
      risk: {
        day: "2024-03-05",
        dailyPnl: -0.1,
        dailyTrades: 0,
        consecutiveLosses: 0,
        currentDrawdown: 0,
        peakEquity: 0,
        circuitBreakerActive: false,
      },
      tripped: false,
    });
    assert.equal(await mgr.getPositions(), [position]);
    assert.equal(await mgr.getPendingOrders(), [order]);
    assert.equal(await mgr.getRiskState(), result.risk);
    await mgr.clearCooldown(PAIR);
    assert.equal(await toldReservations(mgr, [PAIR]), { slots: "1", slotsOf: { [PAIR]: "1" }, exposure: "199.75" });
  });

  test("a fill without a time happened now; the entry time is that of the earliest fill", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.saveOrder(ENTRY);
    const entryTs = async (fill: Partial<FillInput>) =>
      (await mgr.recordFill("in", { fillId: "f1", price: 100, size: 0.1, ...fill })).position?.entryTs;
    assert.equal(await entryTs({}), new Date(NOON));
    assert.equal(await entryTs({ fillId: "f2", ts: NOON + MINUTE }), new Date(NOON));
    assert.equal(await entryTs({ fillId: "f3", ts: new Date(NOON - DAY) }), new Date(NOON - DAY));
  });

  test("an entry of a position that is there grows it, and leaves all else of it as it was", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const {
      size: _,
      entryPrice: __,
      version,
      ...rest
    } = await mgr.savePosition({ ...LONG, tp: 1, metadata: { a: 1 } });
    await mgr.saveOrder({ ...ENTRY, positionId: "p1", tp: 2, sl: 2, metadata: { b: 1 } });
    const { position } = await mgr.recordFill("in", { fillId: "f1", price: 50_000, size: 0.5 });
    assert.equal(position, { ...rest, size: 1, entryPrice: 45_000, version: version + 1 });
    assert.equal(await mgr.getPositions(), [position]);
  });

  test("an entry of a position that is not there opens it under the name it asked for", async () => {
    await using mgr = await open();
    await mgr.saveOrder({ ...ENTRY, positionId: "p1" });
    const { position } = await mgr.recordFill("in", { fillId: "f1", price: 100, size: 1 });
    assert.is(position?.id, "p1");
  });

  test("the price of a single fill is the entry price, bit for bit", async () => {
    await using mgr = await open();
    const prices = [...DOUBLES, ...DOUBLES.map((price) => -price), 0, 58_685.39, 60_593.72, 44_572.42];
    for (const [i, price] of prices.entries()) {
      for (const size of [2.5642, 27.5479, 7.143, 1 / 3, 5e-324, Number.MAX_VALUE]) {
        // A cost of so many digits is kept whatever its decimals.
        if (Math.abs(price * size) >= 1e18) continue;
        const id = `${i} ${size}`;
        await mgr.saveOrder({ ...ENTRY, id, size });
        const { position } = await mgr.recordFill(id, { fillId: "f1", price, size });
        sameDouble(position?.entryPrice, price);
        sameDouble(position?.size, size);
        await mgr.removePosition(id);
      }
    }
  });

  test("fills at one price make a position at that price", async () => {
    await using mgr = await open();
    await mgr.saveOrder({ ...ENTRY, size: 1000 });
    for (const [i, size] of [2.5642, 27.5479, 7.143, 0.1, 0.2, 0.0001].entries()) {
      const { position } = await mgr.recordFill("in", { fillId: `f${i}`, price: 58_685.39, size });
      sameDouble(position?.entryPrice, 58_685.39);
    }
  });

  test("the entry price is the double nearest to what was paid by what was bought, in any order of the fills", async () => {
    await using mgr = await open();
    let n = 0;
    await fc.assert(
      fc.asyncProperty(told, async ({ executions, order, again }) => {
        const id = `o${n++}`;
        await mgr.saveOrder({ ...ENTRY, id, size: 1e6 });
        await tell(mgr, id, executions, [...order, ...again]);
        const lots = executions.reduce((sum, one) => sum + BigInt(one.lots), 0n);
        const cost = executions.reduce((sum, one) => sum + BigInt(one.lots) * BigInt(one.cents), 0n);
        const position = await mgr.getPosition(id);
        sameDouble(position?.entryPrice, nearest(cost, lots * 100n));
        sameDouble(position?.size, totalSize(executions));
      }),
      { numRuns: runs(60) },
    );
  });

  test("a position that was reduced grows from the price it had", async () => {
    await using mgr = await open();
    await enter(mgr, { size: 4, price: 100 });
    await mgr.recordFill("out", { fillId: "x1", price: 150, size: 1 });
    const { position } = await mgr.recordFill("in", { fillId: "e2", price: 200, size: 1 });
    assert.equal([position?.size, position?.entryPrice], [4, 125]);
  });

  test("an exit fill reduces the position and books its part, less the fee", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr, { size: 1, price: 100, fee: 0.1 });
    clock.now += HOUR;
    const before = await mgr.getPosition("in");
    const result = await mgr.recordFill("out", { fillId: "x1", price: 110, size: 0.3, fee: 0.2 });
    assert.is(result.applied, true);
    // 0.3 x 10 - 0.2, and the fee of the entry
    assert.equal(result.booked, 2.8);
    assert.equal(result.position, { ...before, size: 0.7, realised: 2.7, fees: 0.3, version: 2 });
    assert.equal([result.order?.status, result.order?.filled], ["partially_filled", 0.3]);
    assert.equal([result.risk.dailyPnl, result.risk.dailyTrades], [2.7, 0]);
    assert.equal(await mgr.getPosition("in"), result.position);
  });

  test("an exit that leaves nothing removes the position and counts one trade", async () => {
    await using mgr = await open();
    await enter(mgr, { size: 0.3, fee: 0.01 });
    for (const fillId of ["x1", "x2"]) await mgr.recordFill("out", { fillId, price: 101, size: 0.1 });
    const result = await mgr.recordFill("out", { fillId: "x3", price: 101, size: 0.1 });
    assert.not("position" in result);
    assert.equal(await mgr.getPositions(), []);
    const { dailyPnl, dailyTrades, consecutiveLosses } = result.risk;
    assert.equal(
      { dailyPnl, dailyTrades, consecutiveLosses },
      { dailyPnl: 0.29, dailyTrades: 1, consecutiveLosses: 0 },
    );
    assert.equal(await mgr.getRiskState(), result.risk);
  });

  test("several orders may leave a position, also one that was saved by hand", async () => {
    await using mgr = await open();
    await mgr.savePosition({ ...LONG, size: 2, entryPrice: 100 });
    await mgr.saveOrder({ ...EXIT, id: "half", positionId: "p1" });
    await mgr.saveOrder({ ...EXIT, id: "rest", positionId: "p1" });
    await mgr.recordFill("half", { fillId: "1", price: 90, size: 1 });
    const { risk } = await mgr.recordFill("rest", { fillId: "1", price: 120, size: 1 });
    assert.equal([risk.dailyPnl, risk.dailyTrades], [10, 1]);
    assert.equal(await mgr.getPendingOrders(), []);
  });

  test("a short gains when the price falls and loses when it rises", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const realised = results(mgr, clock);
    assert.is(await realised(100, 90, 2, 0, "short"), 20);
    assert.is(await realised(100, 110, 2, 0, "short"), -20);
    assert.is(await realised(100, 90, 2, 0, "long"), -20);
    assert.is(await realised(-37.63, 10, 2, 0, "long"), 95.26);
  });

  test("a negative fee is a rebate, at the entry and at the exit", async () => {
    await using mgr = await open();
    await enter(mgr, { fee: -0.25 });
    assert.is((await mgr.getRiskState()).dailyPnl, 0.25);
    const { risk } = await mgr.recordFill("out", { fillId: "x1", price: 100, size: 1, fee: -0.5 });
    assert.is(risk.dailyPnl, 0.75);
  });

  test("what a fill books is rounded to 8 places, half away from zero", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const realised = results(mgr, clock);
    for (const [entry, exit, size, fee, long] of [
      [1, 1.00000001, 0.5, 0, 0.00000001],
      [1, 1.00000001, 0.49999999, 0, 0],
      [1, 1.00000003, 0.5, 0, 0.00000002],
      [1, 0.99999999, 0.5, 0, -0.00000001],
      [1, 0.99999997, 0.5, 0, -0.00000002],
      [1, 1, 1, 0.000000005, -0.00000001],
      [1, 1, 1, 0.0000000049, 0],
      [1, 1, 1, -0.000000005, 0.00000001],
      [1, 1, 1, -0.000000015, 0.00000002],
      [1, 1.00000001, 0.5, 0.000000005, 0],
      [1, 1.00000001, 0.5, 0.0000000049, 0],
      [1, 1.00000002, 0.5, 0.000000005, 0.00000001],
      [60_000, 60_000.000_000_01, 0.5, 0, 0.00000001],
      [0.1, 0.3, 3, 0, 0.6],
      [0.1, 0.1 + 0.2, 1, 0, 0.2],
      [5e-324, 5e-324, 1, 5e-324, 0],
      [1e-8, 2e-8, 1e-8, 0, 0],
      [123_456_789.123_456_78, 123_456_789.123_456_79, 1, 0, 0.00000001],
    ] as const) {
      sameDouble(await realised(entry, exit, size, fee, "long"), long);
      // The other way round it is the same but for the sign, and for the fee, which is none here.
      if (fee === 0) sameDouble(await realised(entry, exit, size, fee, "short"), long === 0 ? 0 : -long);
    }
  });

  test("what a fill books is exact, whatever its numbers", async () => {
    await using mgr = await open();
    const units = fc.bigInt({ min: 1n, max: 10n ** 13n });
    const half = fc.bigInt({ min: 0n, max: 10n ** 6n }).map((n) => 10n * n + 5n);
    let n = 0;
    let sum = 0n;
    await fc.assert(
      fc.asyncProperty(units, units, fc.oneof(units, half), fc.boolean(), async (entry, exit, size, long) => {
        const id = `p${n++}`;
        const amount = (value: bigint) => Number(`${value}e-8`);
        const side = long ? "long" : "short";
        await mgr.savePosition({ ...LONG, id, side, size: amount(size), entryPrice: amount(entry) });
        await mgr.saveOrder({ ...EXIT, id, side: long ? "sell" : "buy", positionId: id });
        const { risk } = await mgr.recordFill(id, { fillId: "x", price: amount(exit), size: amount(size) });
        sum += rounded((exit - entry) * size * (long ? 1n : -1n), 10n ** 8n);
        sameDouble(risk.dailyPnl, nearest(sum < 0n ? -sum : sum, 10n ** 8n) * (sum < 0n ? -1 : 1));
      }),
      { numRuns: runs(100) },
    );
  });

  test("a fill books on its own day; one of an earlier day goes to that day's history", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { day_start: "12:00" } }, { clock: clock.read });
    await enter(mgr, { fee: 1, ts: NOON - 1 });
    const early = await mgr.recordFill("out", { fillId: "x1", price: 110, size: 0.5, fee: 2, ts: NOON - DAY - 1 });
    const now = await mgr.recordFill("out", { fillId: "x2", price: 110, size: 0.25, fee: 4 });
    assert.is(early.risk.dailyPnl, 0);
    assert.is(now.risk.dailyPnl, -1.5);
    const last = await mgr.recordFill("out", { fillId: "x3", price: 110, size: 0.25, fee: 8, ts: NOON - DAY });
    assert.equal([last.risk.dailyPnl, last.risk.dailyTrades], [-1.5, 1]);
    assert.equal(await mgr.getDailyHistory(), [
      dayOver("2024-03-03", 3, 0, { open: 3 }),
      dayOver("2024-03-04", -6.5, 0, { open: -6.5 }),
    ]);
  });

  test("the trade of a position that was left by late fills counts on the day of the last of them", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr, { ts: NOON - 3 * DAY });
    await mgr.recordFill("out", { fillId: "x2", price: 90, size: 0.5, ts: NOON - DAY });
    const { risk } = await mgr.recordFill("out", { fillId: "x1", price: 90, size: 0.5, ts: NOON - 2 * DAY });
    assert.equal([risk.dailyPnl, risk.dailyTrades, risk.consecutiveLosses], [0, 0, 1]);
    assert.equal(await mgr.getDailyHistory(), [
      dayOver("2024-03-02", 0, 0),
      dayOver("2024-03-03", -5, 0, { open: -5 }),
      // All of -10 is the trade's, and what was open went over to it.
      dayOver("2024-03-04", -5, 1, { closed: -10, open: 5 }),
    ]);
  });

  test("a fill of a new day closes the old one first", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr, { fee: 1 });
    clock.now += DAY;
    const { risk } = await mgr.recordFill("out", { fillId: "x1", price: 105, size: 1 });
    assert.equal([risk.day, risk.dailyPnl, risk.dailyTrades], ["2024-03-06", 5, 1]);
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", -1, 0, { open: -1 })]);
  });

  test("the streak is judged once, at flat, by the whole result with every fee", async () => {
    for (const [entryFee, exits, losses] of [
      [0, [[99, 1, 0]], 3],
      [0, [[101, 1, 0]], 0],
      [0, [[100, 1, 0]], 2],
      [1, [[100.5, 1, 0]], 3],
      [1, [[101, 1, 0]], 2],
      [1, [[101.5, 1, 0]], 0],
      [0, [[101, 1, 1.00000001]], 3],
      [0.5, [[101, 1, 0.5]], 2],
      [
        0,
        [
          [90, 0.5, 0],
          [111, 0.5, 0],
        ],
        0,
      ],
      [
        0,
        [
          [110, 0.5, 0],
          [89, 0.5, 0],
        ],
        3,
      ],
    ] as const) {
      await using mgr = await open();
      await mgr.updateDailyPnl(-1);
      await mgr.updateDailyPnl(-1);
      await enter(mgr, { fee: entryFee });
      assert.is((await mgr.getRiskState()).consecutiveLosses, 2);
      let last: FillResult | undefined;
      for (const [i, [price, size, fee]] of exits.entries()) {
        assert.is(last?.risk.consecutiveLosses ?? 2, 2);
        last = await mgr.recordFill("out", { fillId: `x${i}`, price, size, fee });
      }
      assert.equal([last?.risk.consecutiveLosses, last?.risk.dailyTrades], [losses, 3]);
    }
  });

  test("a close counts what the fills of the position have booked into its result, and books only what is new", async () => {
    await using mgr = await open();
    await mgr.updateDailyPnl(-1);
    await enter(mgr, { fee: 5 });
    const { risk } = await mgr.closePosition("in", { pnl: 3 });
    assert.equal([risk.dailyPnl, risk.dailyTrades, risk.consecutiveLosses], [-3, 2, 2]);
  });

  test("a fill trips the breaker in the same step when its loss reaches a limit", async () => {
    const clock = new Clock();
    const config = { risk: { max_daily_loss: 10, breaker_duration: "2h" } } as const;
    await using mgr = await open(config, { clock: clock.read });
    await enter(mgr, { fee: 0.00000001 });
    const harmless = await mgr.recordFill("out", { fillId: "x1", price: 80, size: 0.25, fee: 4.99999998 });
    assert.equal([harmless.tripped, harmless.risk.circuitBreakerActive], [false, false]);
    const fatal = await mgr.recordFill("out", { fillId: "x2", price: 100, size: 0.25, fee: 0.00000001 });
    assert.equal(fatal.tripped, true);
    assert.is(fatal.risk.circuitBreakerReason, "daily loss of 10 reached the limit of 10");
    assert.equal(await mgr.getCircuitBreaker(), {
      active: true,
      reason: "daily loss of 10 reached the limit of 10",
      source: "daily_loss",
      trippedAt: new Date(NOON),
      until: new Date(NOON + 2 * HOUR),
    });
    const more = await mgr.recordFill("out", { fillId: "x3", price: 80, size: 0.25 });
    assert.equal([more.tripped, more.risk.circuitBreakerActive], [false, true]);
  });

  test("the last loss of a row trips the breaker, and a drawdown that is still there does not when a fee is booked", async () => {
    await using mgr = await open({ risk: { max_consecutive_losses: 1, max_drawdown: 0.5 } });
    await enter(mgr, { fee: 1 });
    assert.is((await mgr.recordFill("out", { fillId: "x1", price: 90, size: 0.5 })).tripped, false);
    const { tripped, risk } = await mgr.recordFill("out", { fillId: "x2", price: 90, size: 0.5 });
    assert.is(tripped, true);
    assert.is(risk.circuitBreakerReason, "1 losses in a row reached the limit of 1");

    await mgr.setRiskLimits({ max_consecutive_losses: null });
    await mgr.resetCircuitBreaker();
    await mgr.updateEquity(100);
    await mgr.updateEquity(50);
    await mgr.resetCircuitBreaker();
    await mgr.saveOrder({ ...ENTRY, id: "again" });
    const free = await mgr.recordFill("again", { fillId: "e1", price: 100, size: 0.5 });
    assert.is(free.risk.circuitBreakerActive, false);
    const again = await mgr.recordFill("again", { fillId: "e2", price: 100, size: 0.5, fee: 0.01 });
    assert.equal([again.booked, again.tripped, again.risk.circuitBreakerActive], [-0.01, false, false]);
  });

  test("at flat the pair cools down as the position asked for, from its last fill on", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (const [ts, until] of [
      [undefined, NOON + 10 * MINUTE],
      [NOON - MINUTE, NOON + 9 * MINUTE],
      [NOON - 10 * MINUTE, undefined],
      [NOON - DAY, undefined],
    ] as const) {
      await mgr.saveOrder({ ...ENTRY, id: `in ${ts}`, cooldown: "10m" });
      await mgr.recordFill(`in ${ts}`, { fillId: "e1", price: 100, size: 1, ts: NOON - 2 * DAY });
      assert.is(await mgr.getCooldown(PAIR), undefined);
      await mgr.saveOrder({ ...EXIT, id: `out ${ts}`, positionId: `in ${ts}` });
      await mgr.recordFill(`out ${ts}`, { fillId: "x1", price: 100, size: 1, ...(ts !== undefined && { ts }) });
      assert.equal(await mgr.getCooldown(PAIR), until === undefined ? undefined : new Date(until));
      await mgr.clearCooldown(PAIR);
    }
  });

  test("the cooldown at flat never shortens a longer one, and a position without one sets none", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.setCooldown(PAIR, "1h");
    await mgr.savePosition({ ...LONG, cooldown: "10m" });
    await mgr.saveOrder({ ...EXIT, positionId: "p1" });
    await mgr.recordFill("out", { fillId: "x1", price: 1, size: 0.5 });
    assert.equal(await mgr.getCooldown(PAIR), new Date(NOON + HOUR));
    await mgr.clearCooldown(PAIR);
    await mgr.savePosition(LONG);
    await mgr.recordFill("out", { fillId: "x2", price: 1, size: 0.5 });
    assert.is(await mgr.getCooldown(PAIR), undefined);
  });

  test("a fill that was recorded before changes nothing and is answered with what is there now", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr, { fee: 1 });
    await mgr.recordFill("out", { fillId: "x1", price: 110, size: 0.5 });
    const position = await mgr.getPosition("in");
    const before = await stored(mgr);
    for (const fill of [
      { fillId: "x1", price: 110, size: 0.5 },
      { fillId: "x1", price: 110 * (1 + 5e-10), size: 0.5 * (1 - 5e-10), fee: 7, ts: NOON - DAY, done: true },
    ]) {
      const { applied, order, ...rest } = await mgr.recordFill("out", fill);
      assert.is(applied, false);
      assert.is(order?.filled, 0.5);
      assert.equal(rest, {
        position,
        positions: [position],
        trades: [],
        booked: 0,
        exitsLeft: [],
        risk: before.told.risk,
        tripped: false,
      });
    }
    assert.equal(await stored(mgr), before);
  });

  test("a fill that was recorded and is told again with another size or price is refused by that name, and changes nothing", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr, { fee: 1 });
    await mgr.recordFill("out", { fillId: "x1", price: 110, size: 0.5 });
    const other = [
      [{ size: 0.25 }, "size"],
      [{ size: 0.500000001 }, "size"],
      [{ price: 111 }, "price"],
      [{ price: 110.0000002 }, "price"],
      [{ price: -110 }, "price"],
    ] as const;
    const check = async () => {
      const before = await stored(mgr);
      for (const [told, field] of other) {
        await refused(mgr.recordFill("out", { fillId: "x1", price: 110, size: 0.5, ...told }), field);
        assert.equal(await stored(mgr), before);
      }
    };
    await check();
    // Also when order and position are gone, and of an order that the flow has forgotten.
    await mgr.recordFill("out", { fillId: "x2", price: 110, size: 0.5, done: true });
    await mgr.close();
    await mgr.connect();
    await check();
    await mgr.removeOrder("in");
    await refused(mgr.recordFill("in", { fillId: "e1", price: 101, size: 1 }), "price");
  });

  test("a fill is recognised after its order is over, its position gone, and the flow opened again", async () => {
    await using mgr = await open();
    await enter(mgr);
    await mgr.recordFill("out", { fillId: "x1", price: 110, size: 1, done: true });
    await mgr.removeOrder("in");
    await mgr.close();
    await mgr.connect();
    const before = await stored(mgr);
    const exit = await mgr.recordFill("out", { fillId: "x1", price: 110, size: 1 });
    assert.equal([exit.applied, exit.order?.status, exit.position], [false, "cancelled", undefined]);
    const entry = await mgr.recordFill("in", { fillId: "e1", price: 100, size: 1 });
    assert.equal([entry.applied, entry.order, entry.position], [false, undefined, undefined]);
    assert.equal(await stored(mgr), before);
  });

  test("a fill is recognised for thirty days", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr);
    clock.now += 30 * DAY - 1;
    assert.is((await mgr.recordFill("in", { fillId: "e1", price: 100, size: 1 })).applied, false);
    clock.now += 1;
    assert.is((await mgr.recordFill("in", { fillId: "e1", price: 100, size: 1 })).applied, true);
  });

  test("the fill id of one order says nothing about another order's, whatever they are called", async () => {
    await using mgr = await open();
    const names = [...EXOTIC_NAMES, "a|b", "a%7Cb", "a%", "%7C", "|"];
    const ids = ["f1", "b|c", "c", "|", "%7Cc", "b%7Cc", "7C|c"];
    for (const [i, id] of names.entries()) {
      await mgr.saveOrder({ ...ENTRY, id, pair: `P${i}`, size: 2 });
      for (const fillId of ids) {
        assert.is((await mgr.recordFill(id, { fillId, price: 1, size: 0.25 })).applied, true, `${id} ${fillId}`);
      }
    }
    for (const id of names) {
      for (const fillId of ids) assert.is((await mgr.recordFill(id, { fillId, price: 1, size: 0.25 })).applied, false);
    }
    for (const position of await mgr.getPositions()) assert.is(position.size, 1.75);
  });

  test("of eight reports of one fill at once one is applied; eight fills at once are all applied", async () => {
    await using mgr = await open();
    await mgr.saveOrder({ ...ENTRY, size: 100 });
    await using second = await another(mgr, open);
    const both = [mgr, second.other];
    const same = Array.from({ length: 4 }, () =>
      both.map((each) => each.recordFill("in", { fillId: "f", price: 100, size: 1, fee: 1 })),
    ).flat();
    assert.is((await Promise.all(same)).filter(({ applied }) => applied).length, 1);
    assert.is((await mgr.getPosition("in"))?.size, 1);
    await Promise.all(
      Array.from({ length: 4 }, (_, i) =>
        both.map((each, j) => each.recordFill("in", { fillId: `g${i}${j}`, price: 100, size: 1, fee: 1 })),
      ).flat(),
    );
    assert.is((await mgr.getPosition("in"))?.size, 9);
    assert.is((await mgr.getRiskState()).dailyPnl, -9);
  });

  test("entry fills in any order, some of them told again, come to the same as in their order", async () => {
    const clock = new Clock();
    await fc.assert(
      fc.asyncProperty(told, fc.boolean(), async ({ executions, order, again }, all) => {
        const outcomes: unknown[] = [];
        for (const sequence of [executions.map((_, i) => i), [...order, ...again]]) {
          await using mgr = await open({}, { clock: clock.read });
          await mgr.saveOrder({ ...ENTRY, size: all ? totalSize(executions) : 1e6, cooldown: "1h" });
          await tell(mgr, "in", executions, sequence);
          outcomes.push(await outcome(mgr));
        }
        assert.equal(outcomes[1], outcomes[0]);
      }),
      { numRuns: runs(15) },
    );
  });

  test("exit fills in any order, some of them told again, come to the same as in their order", async () => {
    const clock = new Clock();
    await fc.assert(
      fc.asyncProperty(
        told,
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 10_000_000 }),
        async ({ executions, order, again }, flat, long, cents) => {
          const outcomes: unknown[] = [];
          for (const sequence of [executions.map((_, i) => i), [...order, ...again]]) {
            await using mgr = await open({}, { clock: clock.read });
            await mgr.savePosition({
              ...LONG,
              side: long ? "long" : "short",
              size: flat ? totalSize(executions) : 1e6,
              entryPrice: Number(`${cents}e-2`),
              cooldown: "5h",
            });
            await mgr.saveOrder({
              ...EXIT,
              side: long ? "sell" : "buy",
              positionId: "p1",
              size: totalSize(executions),
            });
            await tell(mgr, "out", executions, sequence);
            const end = await outcome(mgr);
            assert.is(end.positions.length, flat ? 0 : 1);
            outcomes.push(end);
          }
          assert.equal(outcomes[1], outcomes[0]);
        },
      ),
      { numRuns: runs(15) },
    );
  });

  test("a fill that cannot be is refused, says why, and changes nothing", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr, { size: 0.3 });
    await mgr.savePosition({ ...LONG, id: "short", side: "short" });
    await mgr.saveOrder({ ...ENTRY, id: "into short", positionId: "short" });
    await mgr.saveOrder({ ...ENTRY, id: "into other pair", pair: "ETH/USDT", positionId: "in" });
    await mgr.saveOrder({ ...EXIT, id: "buys", side: "buy" });
    await mgr.saveOrder({ ...EXIT, id: "sells short", positionId: "short" });
    await mgr.saveOrder({ ...EXIT, id: "other pair", pair: "ETH/USDT" });
    await mgr.saveOrder({ ...EXIT, id: "of nothing", positionId: "gone" });
    const { positionId: _, ...unnamed } = EXIT;
    await mgr.saveOrder({ ...unnamed, id: "of none", pair: "ETH/USDT" });
    const before = await stored(mgr);
    for (const [id, field] of [
      ["never", "orderId"],
      ["into short", "orderId"],
      ["into other pair", "orderId"],
      ["buys", "orderId"],
      ["sells short", "orderId"],
      ["other pair", "orderId"],
      ["of nothing", "orderId"],
      ["of none", "orderId"],
    ] as const) {
      await refused(mgr.recordFill(id, { fillId: "f1", price: 100, size: 0.1, fee: 1, done: true }), field);
      assert.equal(await stored(mgr), before);
    }
    // It was not remembered either: once it can be, it is booked.
    assert.is((await mgr.recordFill("out", { fillId: "f1", price: 100, size: 0.3 })).applied, true);
  });

  test("an exit before the entry that it leaves is refused, and booked when it is given again", async () => {
    await using mgr = await open();
    await mgr.saveOrder(ENTRY);
    await mgr.saveOrder(EXIT);
    await refused(mgr.recordFill("out", { fillId: "x1", price: 110, size: 1 }), "orderId");
    await mgr.recordFill("in", { fillId: "e1", price: 100, size: 1 });
    const { applied, risk } = await mgr.recordFill("out", { fillId: "x1", price: 110, size: 1 });
    assert.equal([applied, risk.dailyPnl], [true, 10]);
  });

  test("a fill that comes after its order was cancelled is booked all the same", async () => {
    await using mgr = await open();
    const { id } = await admitted(mgr, { size: 1, price: 100 });
    await mgr.cancelOrder(id, { releaseSignal: true });
    const first = await mgr.recordFill(id, { fillId: "f1", price: 100, size: 0.4 });
    assert.equal([first.applied, first.order?.status, first.order?.filled], [true, "cancelled", 0.4]);
    assert.is(first.position?.size, 0.4);
    assert.equal(await mgr.getPendingOrders(), []);
    const last = await mgr.recordFill(id, { fillId: "f2", price: 110, size: 0.6 });
    assert.equal([last.order?.status, last.order?.filled], ["filled", 1]);
    assert.equal([last.position?.size, last.position?.entryPrice], [1, 106]);
    assert.equal(await toldReservations(mgr, [PAIR]), { slots: "1", slotsOf: { [PAIR]: "1" }, exposure: "106" });
  });

  test("an order that the exchange calls complete is over, and its rest is given back", async () => {
    await using mgr = await open();
    const { id } = await admitted(mgr, { size: 1, price: 100 });
    const { order } = await mgr.recordFill(id, { fillId: "f1", price: 100, size: 0.4, done: true });
    assert.equal([order?.status, order?.filled], ["cancelled", 0.4]);
    assert.is(await mgr.getOrder(id), undefined);
    const late = await mgr.recordFill(id, { fillId: "f2", price: 100, size: 0.1 });
    assert.equal([late.order?.status, late.order?.filled, late.position?.size], ["cancelled", 0.5, 0.5]);
    assert.equal(await toldReservations(mgr, [PAIR]), { slots: "1", slotsOf: { [PAIR]: "1" }, exposure: "50" });
  });

  test("an order that is complete when all of it was filled is filled", async () => {
    await using mgr = await open();
    await mgr.saveOrder(ENTRY);
    assert.is((await mgr.recordFill("in", { fillId: "f1", price: 1, size: 1, done: true })).order?.status, "filled");
  });

  test("more than an entry's size is refused, and booked where the exchange's own order says that much", async () => {
    await using mgr = await open();
    const { id } = await admitted(mgr, { size: 1, price: 100 });
    await mgr.recordFill(id, { fillId: "f1", price: 100, size: 0.75 });
    const before = await stored(mgr);
    const more = { fillId: "f2", price: 100, size: 0.5 };
    const error = await failure(mgr.recordFill(id, more));
    assert.match(error.message, /^size: .*of 1 would be filled by 1.25.*overfill: true/);
    await refused(mgr.recordFill(id, { ...more, size: 0.250000002 }), "size");
    assert.equal(await stored(mgr), before);
    const { order, position } = await mgr.recordFill(id, { ...more, overfill: true });
    assert.equal([order?.status, order?.filled, position?.size], ["filled", 1.25, 1.25]);
    assert.equal(await toldReservations(mgr, [PAIR]), { slots: "1", slotsOf: { [PAIR]: "1" }, exposure: "125" });
  });

  test("numbers too large to be kept are refused, and nothing changes", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr, { price: 0, size: 1.7e308, overfill: true });
    await mgr.saveOrder({ ...ENTRY, id: "removed", size: Number.MAX_VALUE });
    await mgr.recordFill("removed", { fillId: "f1", price: 0, size: 1.7e308 });
    await mgr.removePosition("removed");
    await mgr.saveOrder({ ...ENTRY, id: "dear", size: 1e300 });
    await mgr.recordFill("dear", { fillId: "f1", price: 1e18, size: 1 });
    await mgr.saveOrder({ ...EXIT, id: "out of dear", positionId: "dear" });
    await mgr.saveOrder({ ...ENTRY, id: "new", size: 1e300 });
    const before = await stored(mgr);
    for (const [id, fill, field] of [
      ["in", { price: 0, size: 1.7e308 }, "size"],
      ["removed", { price: 0, size: 1.7e308 }, "size"],
      // A cost of more than 38 digits: of its own, and together with what is there.
      ["new", { price: 1e10, size: 1e28 }, "price"],
      ["new", { price: -1e10, size: 1e28 }, "price"],
      ["new", { price: 1e300, size: 1e300 }, "price"],
      ["dear", { price: 1e10, size: 1e28 }, "price"],
      ["dear", { price: 1e-20, size: 1 }, "price"],
      ["in", { price: 1, size: 1, fee: 9.1e15 }, "price"],
      ["in", { price: 1, size: 1, fee: -Number.MAX_VALUE }, "price"],
      ["out", { price: 1, size: 1.7e308 }, "price"],
      ["out of dear", { price: Number.MAX_VALUE, size: 1 }, "price"],
      // A loss of 99e16.
      ["out of dear", { price: 1e16, size: 1 }, "price"],
    ] as const) {
      await refused(mgr.recordFill(id, { fillId: "f9", overfill: true, ...fill }), field);
      assert.equal(await stored(mgr), before);
    }
  });

  test("sums of what fills book stay within 9e15, of a day and of a position", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr, { fee: 9e15 });
    await mgr.savePosition(LONG);
    await mgr.saveOrder({ ...EXIT, id: "p1 out", positionId: "p1" });
    const before = await stored(mgr);
    for (const [id, fill, field] of [
      // The position's sum, and the day's.
      ["in", { price: 1, size: 1, fee: 0.00000001 }, "price"],
      ["out", { price: 99, size: 1 }, "price"],
      ["out", { price: 99, size: 1, ts: NOON - DAY }, "price"],
      ["p1 out", { price: 1, size: 0.5 }, "pnl"],
    ] as const) {
      await refused(mgr.recordFill(id, { fillId: "f9", ...fill }), field);
      assert.equal(await stored(mgr), before);
    }
    await mgr.recordFill("out", { fillId: "x1", price: 101, size: 1 });
    assert.is((await mgr.getRiskState()).dailyPnl, -8_999_999_999_999_999);
  });

  test("the smallest sizes are entered and left without a rest", async () => {
    await using mgr = await open();
    await mgr.saveOrder(ENTRY);
    await mgr.recordFill("in", { fillId: "e1", price: 3, size: 5e-324 });
    const { position } = await mgr.recordFill("in", { fillId: "e2", price: 3, size: 5e-324 });
    assert.equal([position?.size, position?.entryPrice], [1e-323, 3]);
    await mgr.saveOrder(EXIT);
    assert.is((await mgr.recordFill("out", { fillId: "x1", price: 4, size: 5e-324 })).position?.size, 5e-324);
    const { risk } = await mgr.recordFill("out", { fillId: "x2", price: 4, size: 5e-324 });
    assert.equal([risk.dailyPnl, risk.dailyTrades, risk.consecutiveLosses], [0, 1, 0]);
  });

  test("what was entered in one fill is left in one of the same size, whatever the size", async () => {
    await using mgr = await open();
    for (const size of new Set([...DOUBLES, ...[-97, -77, -24, 89].map((n) => 2 ** n)])) {
      const id = `${size}`;
      await mgr.saveOrder({ ...ENTRY, id, size });
      await mgr.recordFill(id, { fillId: "e1", price: 0, size });
      await mgr.saveOrder({ ...EXIT, id: `${id} out`, size, positionId: id });
      const { position, order } = await mgr.recordFill(`${id} out`, { fillId: "x1", price: 0, size });
      assert.equal([position, order?.status], [undefined, "filled"]);
    }
    assert.equal(await mgr.getPositions(), []);
  });

  test("sizes whose decimals have no end are left without a rest", async () => {
    for (const size of [1 / 3, 0.1 + 0.2, 1e-7 / 3, 123_456.789_012_345_67, 4.35e-310]) {
      await using mgr = await open();
      await mgr.saveOrder({ ...ENTRY, size: 10 * size });
      for (const i of [1, 2, 3]) await mgr.recordFill("in", { fillId: `e${i}`, price: 1, size });
      const total = (await mgr.getPosition("in"))?.size ?? 0;
      await mgr.saveOrder({ ...EXIT, size: total });
      await mgr.recordFill("out", { fillId: "x1", price: 1, size });
      const half = (await mgr.getPosition("in"))?.size ?? 0;
      const { position } = await mgr.recordFill("out", { fillId: "x2", price: 1, size: half });
      assert.is(position, undefined);
    }
  });

  test("a close and the last exit fill at once book the position once, whichever comes first: the later fill explains the close", async () => {
    for (const closeFirst of [true, false]) {
      await using mgr = await open();
      await enter(mgr);
      const close = () => mgr.closePosition("in", { pnl: 7 });
      const leave = () => mgr.recordFill("out", { fillId: "x1", price: 110, size: 1 });
      const [closed, left] = closeFirst
        ? await Promise.all([close(), leave()])
        : await Promise.all([leave(), close()]).then(([l, c]) => [c, l] as const);
      assert.equal(await mgr.getPositions(), []);
      const { dailyPnl, dailyTrades } = await mgr.getRiskState();
      assert.equal([dailyPnl, dailyTrades], closed.closed ? [7, 1] : [10, 1]);
      assert.equal([left.applied, left.booked], [true, closed.closed ? 0 : 10]);
    }
  });

  test("of four closers and eight fills at once each part of the position is booked once", async () => {
    await using mgr = await open();
    await using second = await another(mgr, open);
    const both = [mgr, second.other];
    await enter(mgr, { size: 8 });
    const calls = Array.from({ length: 8 }, (_, i) => [
      (i % 2 === 0 ? mgr : second.other)
        .recordFill("out", { fillId: `x${i}`, price: 110, size: 1 })
        .then(({ booked }) => booked),
      ...(i === 4 ? [...both, ...both].map((each) => each.closePosition("in", { pnl: 1000 })) : []),
    ]).flat();
    const answers = await Promise.all(calls);
    const filled = answers.reduce<number>((sum, answer) => sum + (typeof answer === "number" ? answer : 0), 0);
    const closed = answers.filter((answer) => typeof answer === "object" && answer.closed).length;
    assert.is(closed, filled === 80 ? 0 : 1);
    const { dailyPnl, dailyTrades } = await mgr.getRiskState();
    assert.equal([dailyPnl, dailyTrades], [filled + 1000 * closed, 1]);
    assert.equal(await mgr.getPositions(), []);
  });

  test("updates of other fields and fills at once lose nothing", async () => {
    await using mgr = await open();
    await using second = await another(mgr, open);
    const { other } = second;
    await enter(mgr, { price: 200 });
    const count = async (manager: StateManager) =>
      manager.updatePosition("in", ({ metadata }) => ({ metadata: { count: Number(metadata.count ?? 0) + 1 } }));
    await Promise.all([
      mgr.updatePosition("in", { tp: 250 }),
      other.recordFill("in", { fillId: "e2", price: 200, size: 1 }),
      count(mgr),
      count(other),
      other.recordFill("out", { fillId: "x1", price: 250, size: 0.5 }),
      other.updatePosition("in", { sl: 50 }),
      count(other),
      mgr.recordFill("in", { fillId: "e3", price: 200, size: 1 }),
      count(mgr),
    ]);
    const position = await mgr.getPosition("in");
    assert.equal([position?.tp, position?.sl, position?.size, position?.version], [250, 50, 2.5, 10]);
    assert.equal(position?.metadata, { count: 4 });
    assert.is((await mgr.getRiskState()).dailyPnl, 25);
  });

  test("a patch of size or price counts from then on", async () => {
    await using mgr = await open();
    await enter(mgr, { price: 100, size: 1 });
    await mgr.updatePosition("in", { entryPrice: 300 });
    const grown = await mgr.recordFill("in", { fillId: "e2", price: 100, size: 1 });
    assert.equal([grown.position?.size, grown.position?.entryPrice], [2, 200]);
    await mgr.updatePosition("in", { size: 1 });
    const again = await mgr.recordFill("in", { fillId: "e3", price: 100, size: 1 });
    assert.equal([again.position?.size, again.position?.entryPrice], [2, 150]);
  });

  test("an argument of a kind that no fill has is an error that names it, and nothing is written", async () => {
    await using mgr = await open();
    await enter(mgr);
    const before = await stored(mgr);
    for (const [field, value] of [
      ["fillId", ""],
      ["fillId", 7],
      ["price", Number.NaN],
      ["price", Number.POSITIVE_INFINITY],
      ["size", 0],
      ["size", -1],
      ["size", Number.POSITIVE_INFINITY],
      ["fee", Number.NaN],
      ["fee", "1"],
      ["ts", -1],
      ["ts", 0.5],
      ["done", "yes"],
      ["overfill", 1],
    ] as const) {
      const fill: FillInput = { fillId: "f9", price: 1, size: 1 };
      Reflect.set(fill, field, value);
      await refused(mgr.recordFill("in", fill), `fill.${field}`);
    }
    assert.equal(await stored(mgr), before);
  });
};
