import fc from "fast-check";
import * as assert from "uvu/assert";
import type { StateManager } from "../../src/index.js";
import { Clock, DAY, NOON } from "./clock.js";
import { everything, refused, sameDouble } from "./expect.js";
import type { Open, Theme } from "./open.js";
import { dayOver } from "./samples.js";

/** What sums are taken on: a flow on which each has a day of its own, since on files a flow for each would take its time. */
class Days implements AsyncDisposable {
  private constructor(
    private readonly mgr: StateManager,
    private readonly clock: Clock,
  ) {}

  static async on(open: Open): Promise<Days> {
    const clock = new Clock();
    return new Days(await open({}, { clock: clock.read }), clock);
  }

  /** The PnL of a new day on which these amounts were booked, one after the other. */
  async sumOf(amounts: readonly number[]): Promise<number> {
    this.clock.now += DAY;
    let last = 0;
    for (const amount of amounts) last = (await this.mgr.updateDailyPnl(amount)).dailyPnl;
    sameDouble((await this.mgr.getRiskState()).dailyPnl, last);
    return last;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.mgr.close();
  }
}

/** The double nearest to a whole number of 1e-8 units. */
function fromUnits(units: bigint): number {
  const size = units < 0n ? -units : units;
  const text = size.toString().padStart(9, "0");
  return Number(`${units < 0n ? "-" : ""}${text.slice(0, -8)}.${text.slice(-8)}`);
}

export const money: Theme = (test, open, { runs }) => {
  test("0.1 and 0.2 make 0.3", async () => {
    await using days = await Days.on(open);
    sameDouble(await days.sumOf([0.1, 0.2]), 0.3);
  });

  test("losses of 0.7, 0.1 and 0.2 reach a limit of 1 in any order", async () => {
    const orders = [
      [0.7, 0.1, 0.2],
      [0.7, 0.2, 0.1],
      [0.1, 0.7, 0.2],
      [0.1, 0.2, 0.7],
      [0.2, 0.7, 0.1],
      [0.2, 0.1, 0.7],
    ];
    for (const [first = 0, second = 0, third = 0] of orders) {
      await using mgr = await open({ risk: { max_daily_loss: 1 } });
      assert.is((await mgr.updateDailyPnl(-first)).tripped, false);
      assert.is((await mgr.updateDailyPnl(-second)).tripped, false);
      const last = await mgr.updateDailyPnl(-third);
      assert.is(last.tripped, true);
      sameDouble(last.dailyPnl, -1);
    }
  });

  test("a hundred cents make one, a hundred losses of a cent minus one", async () => {
    await using days = await Days.on(open);
    sameDouble(await days.sumOf(Array.from({ length: 100 }, () => 0.01)), 1);
    sameDouble(await days.sumOf(Array.from({ length: 100 }, () => -0.01)), -1);
  });

  test("what comes and goes leaves nothing, not even a minus", async () => {
    await using days = await Days.on(open);
    sameDouble(await days.sumOf([0.1, 0.2, -0.3]), 0);
    sameDouble(await days.sumOf([-0.3, 0.1, 0.2]), 0);
    sameDouble(await days.sumOf([-0.5, 0.5]), 0);
    sameDouble(await days.sumOf([-0]), 0);
    sameDouble(await days.sumOf([-1e-9]), 0);
  });

  test("an amount is rounded to 8 places, half away from zero, as its shortest decimal says", async () => {
    await using days = await Days.on(open);
    for (const [amount, booked] of [
      [0.000000005, 0.00000001],
      [0.0000000049999, 0],
      [0.000000015, 0.00000002],
      [0.000000025, 0.00000003],
      [1.000000005, 1.00000001],
      [1.000000015, 1.00000002],
      [2.675000005, 2.67500001],
      [1.0000000049, 1],
      [0.123456785, 0.12345679],
      [4194304.000000005, 4194304.00000001],
      [99999999.99999999, 99999999.99999999],
      [1e-8, 1e-8],
      [9.999e-9, 1e-8],
      [4.9e-9, 0],
      [5e-324, 0],
    ] as const) {
      sameDouble(await days.sumOf([amount]), booked);
      sameDouble(await days.sumOf([-amount]), booked === 0 ? 0 : -booked);
    }
  });

  test("a result that rounds to nothing is a trade, and neither a loss nor a win", async () => {
    await using mgr = await open();
    await mgr.updateDailyPnl(-1);
    const { dailyTrades, consecutiveLosses } = await mgr.updateDailyPnl(0.000000004);
    assert.equal({ dailyTrades, consecutiveLosses }, { dailyTrades: 2, consecutiveLosses: 1 });
    assert.is((await mgr.updateDailyPnl(-0.000000004)).consecutiveLosses, 1);
  });

  test("a small amount beside a large one is not lost", async () => {
    await using days = await Days.on(open);
    sameDouble(await days.sumOf([4e15, 0.00000001, -4e15]), 0.00000001);
    sameDouble(await days.sumOf([-9e15, 0.00000001, 9e15]), 0.00000001);
    sameDouble(await days.sumOf([9e15, -0.00000001, -8999999999999999]), 0.99999999);
    sameDouble(await days.sumOf([4503599627370495.5, 0.25, 0.25, -4503599627370496]), 0);
  });

  test("amounts and sums go up to 9e15 either way", async () => {
    await using days = await Days.on(open);
    sameDouble(await days.sumOf([9e15]), 9e15);
    sameDouble(await days.sumOf([-9e15]), -9e15);
    sameDouble(await days.sumOf([9e15, -9e15, -9e15, 9e15, 1]), 1);
    sameDouble(await days.sumOf([8999999999999999, 1]), 9e15);
  });

  test("an amount beyond 9e15 is refused and nothing is written", async () => {
    await using mgr = await open();
    await mgr.updateDailyPnl(-1, { tradeId: "t1" });
    const before = await everything(mgr);
    for (const amount of [9000000000000001, -9000000000000001, 1e16, Number.MAX_VALUE, -Number.MAX_VALUE]) {
      await refused(mgr.updateDailyPnl(amount, { tradeId: "t2", equity: 1 }), "pnlChange");
    }
    assert.equal(await everything(mgr), before);
  });

  test("a sum beyond 9e15 is refused, nothing is written, and the trade can be booked once there is room", async () => {
    for (const sign of [1, -1]) {
      await using mgr = await open({ risk: { max_consecutive_losses: 2, max_drawdown: 0.5 } });
      await mgr.updateDailyPnl(sign * 9e15, { equity: 100 });
      const before = await everything(mgr);
      await refused(mgr.updateDailyPnl(sign * 0.00000001, { tradeId: "t1", equity: 10 }), "pnl");
      await refused(mgr.updateDailyPnl(sign * 9e15, { tradeId: "t1" }), "pnl");
      assert.equal(await everything(mgr), before);
      await mgr.updateDailyPnl(sign * -1);
      const booked = await mgr.updateDailyPnl(sign * 0.00000001, { tradeId: "t1" });
      assert.is(booked.applied, true);
      assert.is(booked.dailyTrades, 3);
    }
  });

  test("each part of a day's sum is kept within 9e15, whatever the others make of the sum", async () => {
    for (const sign of [1, -1]) {
      await using mgr = await open();
      await mgr.bookCash(sign * 9e15, { id: "a", kind: "funding" });
      await mgr.updateDailyPnl(sign * -9e15);
      const before = await everything(mgr);
      await refused(mgr.bookCash(sign * 0.00000001, { id: "b", kind: "funding" }), "pnl");
      assert.equal(await everything(mgr), before);
      await mgr.bookCash(sign * -0.00000001, { id: "b", kind: "funding" });
      sameDouble((await mgr.getRiskState()).dailyPnl, sign * -0.00000001);
    }
  });

  test("what is booked on a trade after its end stays within 9e15, over the days", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 100 });
    await mgr.closePosition("p", { pnl: 0 });
    await mgr.bookCash(9e15, { id: "a", kind: "funding", positionId: "p" });
    clock.now += DAY;
    const before = await everything(mgr);
    await refused(mgr.bookCash(1, { id: "b", kind: "funding", positionId: "p" }), "pnl");
    assert.equal(await everything(mgr), before);
    await mgr.bookCash(-1, { id: "b", kind: "funding", positionId: "p" });
    const [trade] = await mgr.getTrades();
    sameDouble(trade?.pnl, 8999999999999999);
  });

  test("the sum of an earlier day is kept within 9e15 as well", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(9e15, { ts: NOON - DAY });
    const before = await everything(mgr);
    await refused(mgr.updateDailyPnl(1, { ts: NOON - DAY }), "pnl");
    assert.equal(await everything(mgr), before);
    await mgr.updateDailyPnl(-1, { ts: NOON - DAY });
    assert.equal(await mgr.getDailyHistory(), [
      dayOver("2024-03-04", 8999999999999999, 2, { untied: 8999999999999999 }),
    ]);
  });

  test("a result that is refused on a new day does not close the old one", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(5);
    await mgr.updateDailyPnl(9e15, { ts: NOON - DAY });
    clock.now += DAY;
    await refused(mgr.updateDailyPnl(1, { ts: NOON - DAY }), "pnl");
    clock.now -= DAY;
    const { day, dailyPnl } = await mgr.getRiskState();
    assert.equal({ day, dailyPnl }, { day: "2024-03-05", dailyPnl: 5 });
  });

  test("sums are exact whatever the amounts", async () => {
    await using days = await Days.on(open);
    const units = fc.bigInt({ min: -900_000_000_000_000n, max: 900_000_000_000_000n });
    await fc.assert(
      fc.asyncProperty(fc.array(units, { minLength: 1, maxLength: 12 }), async (amounts) => {
        const sum = amounts.reduce((a, b) => a + b);
        sameDouble(await days.sumOf(amounts.map(fromUnits)), fromUnits(sum));
      }),
      { numRuns: runs(25) },
    );
  });
};
