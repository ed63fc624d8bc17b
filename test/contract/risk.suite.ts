import * as assert from "uvu/assert";
import { Clock, DAY, NOON } from "./clock.js";
import { everything, refused, sameDouble } from "./expect.js";
import type { Theme } from "./open.js";

export const risk: Theme = (test, open, { durable }) => {
  test("a loss adds to the streak, a win clears it, zero leaves it", async () => {
    await using mgr = await open();
    const streaks: number[] = [];
    for (const pnl of [-1, -0.00000001, 0, -5, 0, 0.00000001, 0, -1, 3, 4, -2]) {
      streaks.push((await mgr.updateDailyPnl(pnl)).consecutiveLosses);
    }
    assert.equal(streaks, [1, 2, 2, 3, 3, 0, 0, 1, 0, 0, 1]);
  });

  test("every result counts as one trade, a zero too", async () => {
    await using mgr = await open();
    for (const pnl of [1, 0, -1]) await mgr.updateDailyPnl(pnl);
    const { dailyTrades, dailyPnl } = await mgr.getRiskState();
    assert.equal({ dailyTrades, dailyPnl }, { dailyTrades: 3, dailyPnl: 0 });
  });

  test("drawdown is the fraction of its peak that equity has lost", async () => {
    await using mgr = await open();
    const seen: number[][] = [];
    for (const equity of [1000, 900, 950, 1200, 300, 0, -600, 1200]) {
      const { peakEquity, currentDrawdown } = await mgr.updateEquity(equity);
      seen.push([peakEquity, currentDrawdown]);
    }
    assert.equal(seen, [
      [1000, 0],
      [1000, 0.1],
      [1000, 0.05],
      [1200, 0],
      [1200, 0.75],
      [1200, 1],
      [1200, 1.5],
      [1200, 0],
    ]);
  });

  test("there is no drawdown before there was any equity above zero", async () => {
    await using mgr = await open({ risk: { max_drawdown: 0.1 } });
    for (const equity of [0, -50, 0]) {
      const { peakEquity, currentDrawdown, tripped } = await mgr.updateEquity(equity);
      assert.equal({ peakEquity, currentDrawdown, tripped }, { peakEquity: 0, currentDrawdown: 0, tripped: false });
    }
  });

  test("the peak comes back bit for bit, the drawdown as the double that it is", async () => {
    await using mgr = await open();
    const peak = 12345.678901234567;
    await mgr.updateEquity(peak);
    await mgr.updateEquity(0.1 + 0.2);
    const { peakEquity, currentDrawdown } = await mgr.getRiskState();
    sameDouble(peakEquity, peak);
    sameDouble(currentDrawdown, (peak - (0.1 + 0.2)) / peak);
  });

  test("equity goes up to 9e15 either way; the deepest drawdown is still a number", async () => {
    await using mgr = await open({ risk: { max_drawdown: 1 } });
    for (const equity of [9000000000000001, -9000000000000001, Number.MAX_VALUE]) {
      await refused(mgr.updateEquity(equity), "equity");
      await refused(mgr.updateDailyPnl(1, { equity }), "equity");
    }
    await mgr.updateEquity(5e-324);
    const { currentDrawdown, tripped, circuitBreakerReason } = await mgr.updateEquity(-9e15);
    assert.is(tripped, true);
    assert.ok(Number.isFinite(currentDrawdown), `drawdown ${currentDrawdown}`);
    assert.match(circuitBreakerReason ?? "", /^drawdown of \d+\.\d\d% reached the limit of 100\.00%$/);
    sameDouble((await mgr.getRiskState()).currentDrawdown, currentDrawdown);
  });

  test("a change of equity moves no PnL, counts no trade and no loss", async () => {
    await using mgr = await open();
    await mgr.updateDailyPnl(-1);
    const { applied, dailyPnl, dailyTrades, consecutiveLosses } = await mgr.updateEquity(100);
    assert.equal([applied, dailyPnl, dailyTrades, consecutiveLosses], [true, -1, 1, 1]);
  });

  test("an equity given with a result moves peak and drawdown in the same step", async () => {
    await using mgr = await open();
    await mgr.updateDailyPnl(100, { equity: 1000 });
    const { dailyPnl, peakEquity, currentDrawdown } = await mgr.updateDailyPnl(-250, { equity: 750 });
    assert.equal([dailyPnl, peakEquity, currentDrawdown], [-150, 1000, 0.25]);
    assert.is((await mgr.updateDailyPnl(0)).currentDrawdown, 0.25);
  });

  test("a trade id books once", async () => {
    await using mgr = await open();
    const first = await mgr.updateDailyPnl(-5, { tradeId: "t1", equity: 100 });
    assert.is(first.applied, true);
    const before = await everything(mgr);
    const again = await mgr.updateDailyPnl(-5, { tradeId: "t1", equity: 50 });
    assert.equal(again, { ...first, applied: false });
    assert.equal(await mgr.updateDailyPnl(77, { tradeId: "t1", ts: 0 }), again);
    assert.equal(await everything(mgr), before);
    assert.is((await mgr.updateDailyPnl(-5, { tradeId: "t2" })).dailyPnl, -10);
  });

  test("results without a trade id are booked every time", async () => {
    await using mgr = await open();
    await mgr.updateDailyPnl(-5);
    const again = await mgr.updateDailyPnl(-5);
    assert.equal([again.applied, again.dailyPnl, again.dailyTrades], [true, -10, 2]);
  });

  test("of twenty bookings of one trade at once exactly one counts", async () => {
    await using mgr = await open();
    const bookings = Array.from({ length: 20 }, () => mgr.updateDailyPnl(0.1, { tradeId: "t1" }));
    assert.is((await Promise.all(bookings)).filter(({ applied }) => applied).length, 1);
    const { dailyPnl, dailyTrades } = await mgr.getRiskState();
    assert.equal([dailyPnl, dailyTrades], [0.1, 1]);
  });

  test("of twenty results at once none is lost", async () => {
    await using mgr = await open();
    await Promise.all(Array.from({ length: 20 }, (_, i) => mgr.updateDailyPnl(0.1, { tradeId: `t${i}` })));
    const { dailyPnl, dailyTrades } = await mgr.getRiskState();
    assert.equal([dailyPnl, dailyTrades], [2, 20]);
  });

  test("a repeated trade id is reported, not tripped, even while the breaker is active", async () => {
    await using mgr = await open({ risk: { max_daily_loss: 5 } });
    assert.is((await mgr.updateDailyPnl(-5, { tradeId: "t1" })).tripped, true);
    const again = await mgr.updateDailyPnl(-5, { tradeId: "t1" });
    assert.equal([again.applied, again.tripped, again.circuitBreakerActive], [false, false, true]);
  });

  test("a trade id is remembered for thirty days, to the millisecond", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(1, { tradeId: "t1" });
    clock.now = NOON + 30 * DAY - 1;
    assert.is((await mgr.updateDailyPnl(1, { tradeId: "t1" })).applied, false);
    clock.now = NOON + 30 * DAY;
    assert.is((await mgr.updateDailyPnl(1, { tradeId: "t1" })).applied, true);
  });

  test("limits are set, changed and removed one by one", async () => {
    await using mgr = await open();
    assert.equal(await mgr.getRiskLimits(), {});
    assert.equal(await mgr.setRiskLimits({ max_daily_loss: 100, max_drawdown: 0.25 }), {
      max_daily_loss: 100,
      max_drawdown: 0.25,
    });
    assert.equal(await mgr.setRiskLimits({ max_open_positions: 3, max_daily_loss: 50.5 }), {
      max_daily_loss: 50.5,
      max_drawdown: 0.25,
      max_open_positions: 3,
    });
    assert.equal(await mgr.setRiskLimits({ max_drawdown: null, max_exposure: 0 }), {
      max_daily_loss: 50.5,
      max_open_positions: 3,
      max_exposure: 0,
    });
    assert.equal(await mgr.setRiskLimits({ max_drawdown: null }), await mgr.getRiskLimits());
    assert.equal(await mgr.setRiskLimits({}), await mgr.getRiskLimits());
  });

  test("every limit comes back as the number it was set to", async () => {
    await using mgr = await open();
    for (const limits of [
      {
        max_daily_loss: 0.00000001,
        max_daily_trades: 0,
        max_consecutive_losses: 1,
        max_drawdown: 5e-324,
        max_open_positions: 0,
        max_positions_per_pair: Number.MAX_SAFE_INTEGER,
        max_exposure: 9e12,
      },
      { max_daily_loss: 9e12, max_drawdown: 1, max_exposure: 8999999999999.123 },
      { max_daily_loss: 0.1, max_drawdown: 1 / 3, max_exposure: 123456.78901234 },
    ]) {
      const before = await mgr.getRiskLimits();
      assert.equal(await mgr.setRiskLimits(limits), { ...before, ...limits });
      assert.equal(await mgr.getRiskLimits(), { ...before, ...limits });
    }
  });

  test("a bad limit is refused by name, and none of the good ones beside it is set", async () => {
    await using mgr = await open({ risk: { max_daily_loss: 10 } });
    await refused(mgr.setRiskLimits({ max_open_positions: 5, max_drawdown: 1.5 }), "max_drawdown");
    assert.equal(await mgr.getRiskLimits(), { max_daily_loss: 10 });
  });

  test("connecting writes the configured limits", async () => {
    await using mgr = await open({ risk: { max_daily_loss: 10, max_drawdown: 0.2 } });
    assert.equal(await mgr.getRiskLimits(), { max_daily_loss: 10, max_drawdown: 0.2 });
  });

  test("connecting again writes the configured limits again and leaves the others", async () => {
    await using mgr = await open({ risk: { max_daily_loss: 10 } });
    await mgr.setRiskLimits({ max_daily_loss: 99, max_open_positions: 4 });
    await mgr.close();
    await mgr.connect();
    assert.equal(await mgr.getRiskLimits(), { max_daily_loss: 10, max_open_positions: 4 });
  });

  if (durable) {
    test("a manager without limits of its own leaves and enforces those that the flow has", async () => {
      const first = await open({ risk: { max_daily_loss: 10, max_daily_trades: 5 } });
      await first.close();
      await using second = await open({ risk: { max_daily_trades: 7 } }, { flowId: first.flowId });
      assert.equal(await second.getRiskLimits(), { max_daily_loss: 10, max_daily_trades: 7 });
      assert.is((await second.updateDailyPnl(-10)).tripped, true);
    });
  }
};
