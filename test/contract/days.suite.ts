import * as assert from "uvu/assert";
import type { RiskState, StateManager } from "../../src/index.js";
import { Clock, DAY, HOUR, MINUTE, NOON } from "./clock.js";
import { refused } from "./expect.js";
import type { Theme } from "./open.js";
import { dayOver, LONG } from "./samples.js";

const MIDNIGHT = NOON + 12 * HOUR;

function dayOf({ day, dailyPnl, dailyTrades }: RiskState) {
  return [day, dailyPnl, dailyTrades];
}

export const days: Theme = (test, open) => {
  test("a new flow stands at zero on the day it is", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    assert.equal(await mgr.getRiskState(), {
      day: "2024-03-05",
      dailyPnl: 0,
      dailyTrades: 0,
      consecutiveLosses: 0,
      currentDrawdown: 0,
      peakEquity: 0,
      circuitBreakerActive: false,
    });
    assert.equal(await mgr.getDailyHistory(), []);
  });

  test("the day ends at midnight UTC, to the millisecond", async () => {
    const clock = new Clock(MIDNIGHT - 1);
    await using mgr = await open({}, { clock: clock.read });
    assert.equal(dayOf(await mgr.updateDailyPnl(-3)), ["2024-03-05", -3, 1]);
    clock.now = MIDNIGHT;
    assert.equal(dayOf(await mgr.updateDailyPnl(-4)), ["2024-03-06", -4, 1]);
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", -3, 1, { untied: -3 })]);
  });

  test("with a day_start the day begins at that time, to the millisecond", async () => {
    const start = Date.UTC(2024, 2, 5, 22, 30);
    const clock = new Clock(start - 1);
    await using mgr = await open({ risk: { day_start: "22:30" } }, { clock: clock.read });
    assert.equal(dayOf(await mgr.updateDailyPnl(1)), ["2024-03-04", 1, 1]);
    clock.now = start;
    assert.equal(dayOf(await mgr.updateDailyPnl(2)), ["2024-03-05", 2, 1]);
    clock.now = start + DAY - 1;
    assert.equal(dayOf(await mgr.updateDailyPnl(3)), ["2024-03-05", 5, 2]);
    clock.now = start + DAY;
    assert.equal(dayOf(await mgr.getRiskState()), ["2024-03-06", 0, 0]);
  });

  test("days have the right dates over leap days, years' ends and centuries", async () => {
    for (const [now, day] of [
      [Date.UTC(2024, 1, 29, 23, 59, 59, 999), "2024-02-29"],
      [Date.UTC(2023, 1, 28) + DAY, "2023-03-01"],
      [Date.UTC(2024, 11, 31, 23, 59, 59, 999), "2024-12-31"],
      [Date.UTC(2025, 0, 1), "2025-01-01"],
      [Date.UTC(2000, 1, 29), "2000-02-29"],
      [Date.UTC(2100, 1, 28) + DAY, "2100-03-01"],
      [0, "1970-01-01"],
      [Date.UTC(9999, 11, 31, 23, 59, 59, 999), "9999-12-31"],
    ] as const) {
      const clock = new Clock(now);
      await using mgr = await open({}, { clock: clock.read });
      assert.is((await mgr.updateDailyPnl(1)).day, day);
      assert.is((await mgr.getRiskState()).day, day);
    }
  });

  test("on a new day a read shows zeros and writes nothing", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const { applied: _, tripped: __, ...stored } = await mgr.updateDailyPnl(-5, { equity: 95 });
    clock.now += DAY;
    assert.equal(dayOf(await mgr.getRiskState()), ["2024-03-06", 0, 0]);
    assert.equal(dayOf((await mgr.snapshot()).risk), ["2024-03-06", 0, 0]);
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", -5, 1, { untied: -5 })]);
    assert.is(await mgr.removePosition("none"), false);
    assert.is((await mgr.closePosition("none", { pnl: 1 })).closed, false);
    clock.now -= DAY;
    assert.equal(await mgr.getRiskState(), stored);
    assert.equal(await mgr.getDailyHistory(), []);
  });

  test("streak, peak and drawdown carry over to a new day", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(-1, { equity: 1000 });
    await mgr.updateDailyPnl(-1, { equity: 900 });
    const carried = { consecutiveLosses: 2, currentDrawdown: 0.1, peakEquity: 1000 };
    clock.now += 3 * DAY;
    const read = await mgr.getRiskState();
    assert.equal(read, { ...read, ...carried, day: "2024-03-08", dailyPnl: 0, dailyTrades: 0 });
    const { consecutiveLosses, currentDrawdown, peakEquity } = await mgr.updateDailyPnl(-1);
    assert.equal({ consecutiveLosses, currentDrawdown, peakEquity }, { ...carried, consecutiveLosses: 3 });
  });

  test("a change of equity and a close begin a new day, too", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.savePosition(LONG);
    await mgr.updateDailyPnl(5);
    clock.now += DAY;
    assert.equal(dayOf(await mgr.updateEquity(100)), ["2024-03-06", 0, 0]);
    clock.now -= DAY;
    assert.equal(dayOf(await mgr.getRiskState()), ["2024-03-06", 0, 0]);
    clock.now += 2 * DAY;
    assert.equal(dayOf((await mgr.closePosition("p1", { pnl: 7 })).risk), ["2024-03-07", 7, 1]);
    assert.equal(await mgr.getDailyHistory(), [
      dayOver("2024-03-05", 5, 1, { untied: 5 }),
      dayOver("2024-03-06", 0, 0),
    ]);
  });

  test("days on which nothing was written leave no trace in the history", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(1);
    clock.now += 10 * DAY;
    await mgr.updateDailyPnl(2);
    clock.now += 10 * DAY;
    assert.equal(await mgr.getDailyHistory(), [
      dayOver("2024-03-05", 1, 1, { untied: 1 }),
      dayOver("2024-03-15", 2, 1, { untied: 2 }),
    ]);
  });

  test("a clock that steps back over midnight never reopens a day", async () => {
    const clock = new Clock(MIDNIGHT - 1);
    await using mgr = await open({ risk: { max_daily_loss: 10 } }, { clock: clock.read });
    await mgr.updateDailyPnl(-3);
    clock.now = MIDNIGHT;
    await mgr.updateDailyPnl(-4);
    clock.now = MIDNIGHT - HOUR;
    assert.equal(dayOf(await mgr.getRiskState()), ["2024-03-06", -4, 1]);
    assert.equal(dayOf(await mgr.updateDailyPnl(-5)), ["2024-03-06", -9, 2]);
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", -3, 1, { untied: -3 })]);
    const last = await mgr.updateDailyPnl(-1);
    assert.is(last.tripped, true);
    clock.now = MIDNIGHT + 1;
    assert.equal(dayOf(await mgr.updateEquity(5)), ["2024-03-06", -10, 3]);
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", -3, 1, { untied: -3 })]);
  });

  test("a close while the clock has stepped back books on the day that is open", async () => {
    const clock = new Clock(MIDNIGHT);
    await using mgr = await open({}, { clock: clock.read });
    await mgr.savePosition(LONG);
    await mgr.updateDailyPnl(1);
    clock.now = MIDNIGHT - MINUTE;
    assert.equal(dayOf((await mgr.closePosition("p1", { pnl: 2 })).risk), ["2024-03-06", 3, 2]);
    assert.equal(await mgr.getDailyHistory(), []);
  });

  test("a result with the time of an earlier day goes to that day's history, not to today's total", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_daily_loss: 10, max_consecutive_losses: 3 } }, { clock: clock.read });
    await mgr.updateDailyPnl(-1);
    const late = await mgr.updateDailyPnl(-50, { ts: NOON - DAY });
    assert.equal(dayOf(late), ["2024-03-05", -1, 1]);
    assert.is(late.tripped, false);
    assert.is(late.consecutiveLosses, 2);
    await mgr.updateDailyPnl(20, { ts: new Date(NOON - 3 * DAY) });
    await mgr.updateDailyPnl(-0.1, { ts: NOON - DAY });
    assert.equal(await mgr.getDailyHistory(), [
      dayOver("2024-03-02", 20, 1, { untied: 20 }),
      dayOver("2024-03-04", -50.1, 2, { untied: -50.1 }),
    ]);
    assert.is((await mgr.getRiskState()).consecutiveLosses, 1);
  });

  test("a late result as the first change of a new day adds to the day that it closes", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(0.1);
    clock.now += DAY;
    assert.equal(dayOf(await mgr.updateDailyPnl(0.2, { ts: NOON })), ["2024-03-06", 0, 0]);
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", 0.3, 2, { untied: 0.3 })]);
    clock.now += DAY;
    assert.equal(await mgr.getDailyHistory(), [
      dayOver("2024-03-05", 0.3, 2, { untied: 0.3 }),
      dayOver("2024-03-06", 0, 0),
    ]);
  });

  test("a late result of another day as the first change of a new day leaves the day that it closes as it was", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(1);
    clock.now += DAY;
    await mgr.updateDailyPnl(2, { ts: NOON - 5 * DAY });
    assert.equal(await mgr.getDailyHistory(), [
      dayOver("2024-02-29", 2, 1, { untied: 2 }),
      dayOver("2024-03-05", 1, 1, { untied: 1 }),
    ]);
  });

  test("the day of a late result is counted from day_start, to the millisecond", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { day_start: "06:00" } }, { clock: clock.read });
    const start = Date.UTC(2024, 2, 5, 6);
    await mgr.updateDailyPnl(1, { ts: start });
    await mgr.updateDailyPnl(2, { ts: start - 1 });
    await mgr.updateDailyPnl(4, { ts: start - DAY - 1 });
    assert.equal(dayOf(await mgr.getRiskState()), ["2024-03-05", 1, 1]);
    assert.equal(await mgr.getDailyHistory(), [
      dayOver("2024-03-03", 4, 1, { untied: 4 }),
      dayOver("2024-03-04", 2, 1, { untied: 2 }),
    ]);
  });

  test("a result from earlier today, or from up to a minute ahead, counts today", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(1, { ts: NOON - 11 * HOUR });
    await mgr.updateDailyPnl(2, { ts: NOON + MINUTE });
    assert.equal(dayOf(await mgr.getRiskState()), ["2024-03-05", 3, 2]);
    assert.equal(await mgr.getDailyHistory(), []);
  });

  test("a time of the next day, up to a minute ahead, opens that day, whichever call tells it", async () => {
    for (const tell of [
      (mgr: StateManager, ts: number) => mgr.updateDailyPnl(-7, { ts }),
      (mgr: StateManager, ts: number) => mgr.closePosition("p1", { pnl: -7, ts }),
      (mgr: StateManager, ts: number) =>
        mgr.recordFill("x1", { fillId: "f", price: LONG.entryPrice - 14, size: LONG.size, ts }),
    ]) {
      const clock = new Clock(MIDNIGHT - MINUTE);
      const config = { risk: { max_daily_loss: 7, breaker_duration: "until_day_end" } } as const;
      await using mgr = await open(config, { clock: clock.read });
      await mgr.savePosition(LONG);
      await mgr.saveOrder({
        id: "x1",
        pair: LONG.pair,
        side: "sell",
        size: LONG.size,
        intent: "exit",
        positionId: "p1",
      });
      await mgr.updateDailyPnl(-3);
      await refused(tell(mgr, MIDNIGHT + 1), "ts");
      assert.equal([dayOf(await mgr.getRiskState()), await mgr.getDailyHistory()], [["2024-03-05", -3, 1], []]);
      await tell(mgr, MIDNIGHT);
      // The clock still says the fifth.
      assert.equal(dayOf(await mgr.getRiskState()), ["2024-03-06", -7, 1]);
      assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", -3, 1, { untied: -3 })]);
      assert.equal((await mgr.getCircuitBreaker()).until, new Date(MIDNIGHT + DAY));
      await mgr.resetCircuitBreaker();
      const until = (await mgr.triggerCircuitBreaker("x", { duration: "until_day_end" })).until;
      assert.equal(until, new Date(MIDNIGHT + DAY));
      await mgr.resetCircuitBreaker();
      const entry = { signalId: "s", pair: "ETH/USDT", side: "long", size: 1, price: 1 } as const;
      const byLoss = await mgr.admit(entry);
      assert.equal(!byLoss.admitted && [byLoss.reason, byLoss.retryAt], ["daily_loss", new Date(MIDNIGHT + DAY)]);
      await mgr.setRiskLimits({ max_daily_loss: null, max_daily_trades: 1 });
      const byCount = await mgr.admit(entry);
      assert.equal(!byCount.admitted && [byCount.reason, byCount.retryAt], [
        "max_daily_trades",
        new Date(MIDNIGHT + DAY),
      ]);
    }
  });

  test("a repeated booking answers as before, however far ahead its time is", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(1, { tradeId: "t1" });
    assert.is((await mgr.updateDailyPnl(1, { tradeId: "t1", ts: NOON + DAY })).applied, false);
    assert.is((await mgr.closePosition("none", { pnl: 1, ts: NOON + DAY })).closed, false);
  });

  test("the history gives the newest days, oldest first", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (let i = 0; i < 12; i++) {
      await mgr.updateDailyPnl(i);
      clock.now += DAY;
    }
    const all = await mgr.getDailyHistory();
    assert.equal(
      all.map(({ pnl }) => pnl),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    );
    assert.equal(all[11], dayOver("2024-03-16", 11, 1, { untied: 11 }));
    assert.equal(await mgr.getDailyHistory({ days: 3 }), all.slice(-3));
    assert.equal(await mgr.getDailyHistory({ days: 12 }), all);
    assert.equal(await mgr.getDailyHistory({ days: 1000 }), all);
  });
};
