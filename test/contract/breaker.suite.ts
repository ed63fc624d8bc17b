import * as assert from "uvu/assert";
import { Clock, DAY, HOUR, MINUTE, NOON } from "./clock.js";
import { everything, invoke, refused } from "./expect.js";
import type { Theme } from "./open.js";
import { BUY, LONG } from "./samples.js";

export const breaker: Theme = (test, open) => {
  test("a new flow's breaker is not active", async () => {
    await using mgr = await open();
    assert.is(await mgr.checkCircuitBreaker(), false);
    assert.equal(await mgr.getCircuitBreaker(), { active: false });
    assert.is(await mgr.resetCircuitBreaker(), false);
  });

  test("without limits nothing trips", async () => {
    await using mgr = await open();
    for (let i = 0; i < 10; i++) await mgr.updateDailyPnl(-1e12, { equity: 1000 - 200 * i });
    assert.is(await mgr.checkCircuitBreaker(), false);
  });

  test("reaching the daily loss trips it, with a reason that names both numbers", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_daily_loss: 100.5 } }, { clock: clock.read });
    assert.is((await mgr.updateDailyPnl(-100.49999999)).tripped, false);
    assert.is(await mgr.checkCircuitBreaker(), false);
    const update = await mgr.updateDailyPnl(-0.00000001);
    const reason = "daily loss of 100.5 reached the limit of 100.5";
    assert.equal(update, {
      ...update,
      applied: true,
      tripped: true,
      circuitBreakerActive: true,
      circuitBreakerReason: reason,
      circuitBreakerUntil: new Date(NOON + HOUR),
    });
    assert.equal(await mgr.getCircuitBreaker(), {
      active: true,
      reason,
      source: "daily_loss",
      trippedAt: new Date(NOON),
      until: new Date(NOON + HOUR),
    });
    const { applied: _, tripped: __, ...state } = update;
    assert.equal(await mgr.getRiskState(), state);
    assert.is(await mgr.checkCircuitBreaker(), true);
  });

  test("a loss streak trips it at its limit", async () => {
    await using mgr = await open({ risk: { max_consecutive_losses: 3 } });
    for (const pnl of [-1, -1, 0, 5, -1, -1, 0]) assert.is((await mgr.updateDailyPnl(pnl)).tripped, false);
    assert.is((await mgr.updateDailyPnl(-1)).tripped, true);
    const { source, reason } = await mgr.getCircuitBreaker();
    assert.equal(
      { source, reason },
      { source: "consecutive_losses", reason: "3 losses in a row reached the limit of 3" },
    );
  });

  test("a drawdown trips it at its limit, by a change of equity or with a result", async () => {
    for (const report of ["equity", "result"]) {
      await using mgr = await open({ risk: { max_drawdown: 0.2 } });
      const note = (equity: number) =>
        report === "equity" ? mgr.updateEquity(equity) : mgr.updateDailyPnl(0, { equity });
      assert.is((await note(1000)).tripped, false);
      assert.is((await note(800.01)).tripped, false);
      assert.is((await note(800)).tripped, true);
      const { source, reason } = await mgr.getCircuitBreaker();
      assert.equal(
        { source, reason },
        { source: "drawdown", reason: "drawdown of 20.00% reached the limit of 20.00%" },
      );
    }
  });

  test("a drawdown's reason is in percent, to two places", async () => {
    await using mgr = await open({ risk: { max_drawdown: 0.12345 } });
    await mgr.updateEquity(3);
    await mgr.updateEquity(2);
    assert.is((await mgr.getCircuitBreaker()).reason, "drawdown of 33.33% reached the limit of 12.35%");
  });

  test("a hundredth of a percent is told alike where a double is too coarse for it", async () => {
    await using mgr = await open({ risk: { max_drawdown: 0.1 } });
    await mgr.updateEquity(1);
    // 800,000,000,000.0012 lost of a peak of 1. In percent the nearest double ends in .125.
    await mgr.updateEquity(-799_999_999_999.0012);
    assert.is((await mgr.getCircuitBreaker()).reason, "drawdown of 80000000000000.12% reached the limit of 10.00%");
  });

  test("when several limits are reached at once, the daily loss is named before the streak, the streak before the drawdown", async () => {
    for (const [limits, source] of [
      [{ max_daily_loss: 1, max_consecutive_losses: 1, max_drawdown: 0.1 }, "daily_loss"],
      [{ max_consecutive_losses: 1, max_drawdown: 0.1 }, "consecutive_losses"],
      [{ max_drawdown: 0.1 }, "drawdown"],
    ] as const) {
      await using mgr = await open({ risk: limits });
      await mgr.updateEquity(100);
      await mgr.updateDailyPnl(-50, { equity: 50 });
      assert.is((await mgr.getCircuitBreaker()).source, source);
    }
  });

  test("tripped is true only for the change that trips it", async () => {
    await using mgr = await open({ risk: { max_daily_loss: 1, breaker_duration: "until_reset" } });
    const tripped: boolean[] = [];
    for (const pnl of [-0.5, -0.5, -1, 5]) tripped.push((await mgr.updateDailyPnl(pnl)).tripped);
    assert.equal(tripped, [false, true, false, false]);
  });

  test("it ends by itself after breaker_duration, at the exact millisecond", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_daily_loss: 1, breaker_duration: "90s" } }, { clock: clock.read });
    await mgr.updateDailyPnl(-1);
    clock.now = NOON + 90_000 - 1;
    assert.is(await mgr.checkCircuitBreaker(), true);
    assert.is((await mgr.getRiskState()).circuitBreakerActive, true);
    clock.now = NOON + 90_000;
    assert.is(await mgr.checkCircuitBreaker(), false);
    assert.equal(await mgr.getCircuitBreaker(), { active: false });
    const state = await mgr.getRiskState();
    assert.is(state.circuitBreakerActive, false);
    assert.not("circuitBreakerReason" in state);
    assert.not("circuitBreakerUntil" in state);
    assert.is(await mgr.resetCircuitBreaker(), false);
  });

  test("until_day_end holds to the end of the trading day, at the exact millisecond", async () => {
    const clock = new Clock();
    const config = { risk: { max_daily_loss: 1, breaker_duration: "until_day_end", day_start: "17:00" } } as const;
    await using mgr = await open(config, { clock: clock.read });
    await mgr.updateDailyPnl(-1);
    const end = Date.UTC(2024, 2, 5, 17);
    assert.equal((await mgr.getCircuitBreaker()).until, new Date(end));
    clock.now = end - 1;
    assert.is(await mgr.checkCircuitBreaker(), true);
    clock.now = end;
    assert.is(await mgr.checkCircuitBreaker(), false);
    await mgr.updateDailyPnl(-1);
    assert.equal((await mgr.getCircuitBreaker()).until, new Date(end + DAY));
  });

  test("until_reset holds for ever, without a time at which it ends", async () => {
    const clock = new Clock();
    await using mgr = await open(
      { risk: { max_daily_loss: 1, breaker_duration: "until_reset" } },
      { clock: clock.read },
    );
    const update = await mgr.updateDailyPnl(-1);
    assert.is(update.circuitBreakerActive, true);
    assert.not("circuitBreakerUntil" in update);
    clock.now += 3650 * DAY;
    const active = await mgr.getCircuitBreaker();
    assert.is(active.active, true);
    assert.not("until" in active);
    assert.is(await mgr.resetCircuitBreaker("looked into it"), true);
    assert.equal(await mgr.getCircuitBreaker(), { active: false });
    assert.is(await mgr.resetCircuitBreaker(), false);
  });

  test("tripped by hand it holds for breaker_duration, or as long as it is told", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { breaker_duration: "2h" } }, { clock: clock.read });
    const tripped = await mgr.triggerCircuitBreaker("exchange is down");
    assert.equal(tripped, {
      active: true,
      reason: "exchange is down",
      source: "manual",
      trippedAt: new Date(NOON),
      until: new Date(NOON + 2 * HOUR),
    });
    assert.equal(await mgr.getCircuitBreaker(), tripped);
    for (const [duration, until] of [
      ["1ms", NOON + 1],
      ["5m", NOON + 5 * MINUTE],
      [90_000, NOON + 90_000],
      ["until_day_end", NOON + 12 * HOUR],
    ] as const) {
      await mgr.resetCircuitBreaker();
      assert.equal((await mgr.triggerCircuitBreaker("x", { duration })).until, new Date(until));
    }
    await mgr.resetCircuitBreaker();
    assert.not("until" in (await mgr.triggerCircuitBreaker("x", { duration: "until_reset" })));
  });

  test("tripped by hand without words that say why, it is refused and stays as it was", async () => {
    await using mgr = await open();
    for (const reason of ["", " ", "\n\t", undefined, 5]) {
      await refused(invoke(mgr, "triggerCircuitBreaker", [reason]), "reason");
      await refused(invoke(mgr, "triggerAccountBreaker", [reason]), "reason");
    }
    assert.equal(await mgr.getCircuitBreaker(), { active: false });
  });

  test("tripped by hand for something that is no duration, it is refused and stays as it was", async () => {
    await using mgr = await open();
    const values = [new Date(), new Map([["duration", "1h"]]), new Set(["1h"]), /1h/, Promise.resolve("1h")];
    for (const value of values) {
      await refused(invoke(mgr, "triggerCircuitBreaker", ["x", value]), "duration");
      await refused(invoke(mgr, "triggerCircuitBreaker", ["x", { duration: value }]), "duration");
    }
    assert.equal(await mgr.getCircuitBreaker(), { active: false });
  });

  test("tripping by hand moves neither totals nor streak", async () => {
    await using mgr = await open();
    const before = await mgr.updateDailyPnl(-1, { equity: 10 });
    await mgr.triggerCircuitBreaker("x");
    const { dailyPnl, dailyTrades, consecutiveLosses, peakEquity } = await mgr.getRiskState();
    assert.equal(
      [dailyPnl, dailyTrades, consecutiveLosses, peakEquity],
      [before.dailyPnl, before.dailyTrades, before.consecutiveLosses, before.peakEquity],
    );
  });

  test("a trip never shortens one that is active", async () => {
    const clock = new Clock();
    const config = { risk: { max_daily_loss: 1, breaker_duration: "1h" } } as const;
    await using mgr = await open(config, { clock: clock.read });
    const long = await mgr.triggerCircuitBreaker("maintenance", { duration: "2h" });
    assert.equal(await mgr.triggerCircuitBreaker("shorter", { duration: "1h" }), long);
    assert.equal(await mgr.triggerCircuitBreaker("as long", { duration: "2h" }), long);
    assert.is((await mgr.updateDailyPnl(-1)).tripped, false);
    assert.equal(await mgr.getCircuitBreaker(), long);
    clock.now += HOUR;
    assert.equal(await mgr.triggerCircuitBreaker("ends alike"), long);
  });

  test("a trip that lasts longer extends an active one and gives it its reason", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_daily_loss: 1, breaker_duration: "1h" } }, { clock: clock.read });
    await mgr.triggerCircuitBreaker("short break", { duration: "10m" });
    clock.now += MINUTE;
    assert.is((await mgr.updateDailyPnl(-1)).tripped, false);
    const extended = {
      active: true,
      reason: "daily loss of 1 reached the limit of 1",
      source: "daily_loss",
      trippedAt: new Date(NOON),
      until: new Date(NOON + MINUTE + HOUR),
    };
    assert.equal(await mgr.getCircuitBreaker(), extended);
    const { until: _, ...endless } = await mgr.triggerCircuitBreaker("for good", { duration: "until_reset" });
    assert.equal(endless, { active: true, reason: "for good", source: "manual", trippedAt: new Date(NOON) });
    assert.equal(await mgr.triggerCircuitBreaker("no longer", { duration: "36525d" }), endless);
    assert.equal(await mgr.getCircuitBreaker(), endless);
  });

  test("each further loss over the limit holds it for another breaker_duration", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_daily_loss: 1, breaker_duration: "1h" } }, { clock: clock.read });
    await mgr.updateDailyPnl(-1);
    clock.now += 59 * MINUTE;
    assert.is((await mgr.updateDailyPnl(-1)).tripped, false);
    const { trippedAt, until, reason } = await mgr.getCircuitBreaker();
    assert.equal([trippedAt, until], [new Date(NOON), new Date(NOON + 59 * MINUTE + HOUR)]);
    assert.is(reason, "daily loss of 2 reached the limit of 1");
  });

  test("after it has ended, the next loss over the limit trips it anew, and no profit does", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_daily_loss: 10 } }, { clock: clock.read });
    await mgr.updateDailyPnl(-15);
    clock.now += HOUR;
    assert.is(await mgr.checkCircuitBreaker(), false);
    assert.is((await mgr.updateDailyPnl(4)).tripped, false);
    assert.is(await mgr.checkCircuitBreaker(), false);
    assert.is((await mgr.updateDailyPnl(-0.00000001)).tripped, true);
    assert.equal((await mgr.getCircuitBreaker()).trippedAt, new Date(NOON + HOUR));
  });

  test("a reset of a streak begins it anew, also where its trip has ended by time; without one the next loss trips again", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_consecutive_losses: 2 } }, { clock: clock.read });
    await mgr.updateDailyPnl(-1);
    assert.is((await mgr.updateDailyPnl(-1)).tripped, true);
    clock.now += HOUR;
    assert.is((await mgr.updateDailyPnl(-1)).tripped, true);
    clock.now += HOUR;
    assert.is((await mgr.getRiskState()).consecutiveLosses, 3);
    assert.is(await mgr.resetCircuitBreaker(), false);
    assert.is((await mgr.getRiskState()).consecutiveLosses, 0);
    assert.is((await mgr.updateDailyPnl(-1)).tripped, false);
    assert.is((await mgr.updateDailyPnl(-1)).tripped, true);
    assert.is(await mgr.resetCircuitBreaker(), true);
    const { consecutiveLosses, dailyPnl, dailyTrades } = await mgr.getRiskState();
    assert.equal([consecutiveLosses, dailyPnl, dailyTrades], [0, -5, 5]);
    const before = await everything(mgr);
    assert.is(await mgr.resetCircuitBreaker(), false);
    assert.equal(await everything(mgr), before);
  });

  test("a reset of a drawdown has the peak start from the present equity", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_drawdown: 0.1, max_consecutive_losses: 9 } }, { clock: clock.read });
    await mgr.updateDailyPnl(-1, { equity: 1000 });
    assert.is((await mgr.updateEquity(880)).tripped, true);
    assert.is(await mgr.resetCircuitBreaker(), true);
    const { peakEquity, currentDrawdown, consecutiveLosses } = await mgr.getRiskState();
    assert.equal([peakEquity, currentDrawdown, consecutiveLosses], [880, 0, 1]);
    assert.is((await mgr.updateEquity(800)).tripped, false);
    assert.is((await mgr.updateEquity(792)).tripped, true);
    clock.now += HOUR;
    assert.is(await mgr.resetCircuitBreaker(), false);
    assert.is((await mgr.getRiskState()).peakEquity, 792);
    const resets = (await mgr.getEvents()).filter(({ type }) => type === "breaker_reset");
    assert.equal(
      resets.map(({ id: _, at: __, instance: ___, ...told }) => told),
      [880, 792].map((peak) => ({ type: "breaker_reset", peakEquity: peak, currentDrawdown: 0 })),
    );
  });

  test("a reset of a daily loss, or of a trip by hand, moves nothing: the loss refuses entries as long as it stands", async () => {
    await using mgr = await open({ risk: { max_daily_loss: 10, max_consecutive_losses: 9, max_drawdown: 0.5 } });
    await mgr.updateEquity(100);
    await mgr.updateDailyPnl(-10, { equity: 90 });
    assert.is((await mgr.getCircuitBreaker()).source, "daily_loss");
    const standing = async () => {
      const { dailyPnl, consecutiveLosses, peakEquity, currentDrawdown } = await mgr.getRiskState();
      return [dailyPnl, consecutiveLosses, peakEquity, currentDrawdown];
    };
    const entry = { signalId: "s", pair: "ETH/USDT", side: "long", size: 1, price: 1 } as const;
    for (const prepare of [async () => {}, () => mgr.triggerCircuitBreaker("by hand")]) {
      await prepare();
      assert.is(await mgr.resetCircuitBreaker(), true);
      assert.equal(await standing(), [-10, 1, 100, 0.1]);
      const refused = await mgr.admit(entry);
      assert.is(!refused.admitted && refused.reason, "daily_loss");
    }
    await mgr.setRiskLimits({ max_daily_loss: 20 });
    assert.is((await mgr.admit(entry)).admitted, true);
  });

  test("a reset acknowledges the cause that tripped last, and no other", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_consecutive_losses: 1, max_daily_loss: 100 } }, { clock: clock.read });
    await mgr.updateDailyPnl(-10);
    clock.now += HOUR;
    await mgr.triggerCircuitBreaker("by hand", { duration: "1m" });
    clock.now += MINUTE;
    await mgr.resetCircuitBreaker();
    assert.is((await mgr.getRiskState()).consecutiveLosses, 1);
  });

  test("a duration is taken by itself as well as in an object", async () => {
    const clock = new Clock();
    for (const [duration, until] of [
      ["2h", new Date(NOON + 2 * HOUR)],
      [90_000, new Date(NOON + 90_000)],
      ["until_day_end", new Date(NOON + 12 * HOUR)],
      ["until_reset", undefined],
      [undefined, new Date(NOON + HOUR)],
    ] as const) {
      await using bare = await open({}, { clock: clock.read });
      await using inObject = await open({}, { clock: clock.read });
      const breaker = await bare.triggerCircuitBreaker("by hand", duration);
      assert.equal(breaker.until, until);
      const again = await inObject.triggerCircuitBreaker("by hand", duration === undefined ? {} : { duration });
      assert.equal(breaker, again);
    }
  });

  test("a new day does not end it, and its zero does not trip it", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_daily_loss: 1, breaker_duration: "2d" } }, { clock: clock.read });
    await mgr.updateDailyPnl(-1);
    clock.now += DAY;
    const { dailyPnl, circuitBreakerActive } = await mgr.getRiskState();
    assert.equal({ dailyPnl, circuitBreakerActive }, { dailyPnl: 0, circuitBreakerActive: true });
    await mgr.resetCircuitBreaker();
    assert.is((await mgr.updateEquity(1)).tripped, false);
  });

  test("a drawdown that carries over trips again only where it gets deeper", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_drawdown: 0.5 } }, { clock: clock.read });
    await mgr.updateEquity(100);
    await mgr.updateEquity(50);
    clock.now += DAY;
    assert.is((await mgr.updateDailyPnl(-1)).tripped, false);
    assert.is((await mgr.updateEquity(60)).tripped, false);
    assert.is((await mgr.updateEquity(50)).tripped, true);
    assert.is((await mgr.getCircuitBreaker()).source, "drawdown");
  });

  test("a streak that stands trips no more with a fee, a result of zero or another day's loss of the limit", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_consecutive_losses: 2, max_daily_loss: 100 } }, { clock: clock.read });
    await mgr.updateDailyPnl(-1);
    assert.is((await mgr.updateDailyPnl(-1)).tripped, true);
    clock.now += DAY;
    assert.is((await mgr.updateDailyPnl(0)).tripped, false);
    await mgr.saveOrder(BUY);
    const paid = await mgr.recordFill(BUY.id, { fillId: "1", price: 100, size: BUY.size, fee: 0.05 });
    assert.equal([paid.booked, paid.tripped, paid.risk.consecutiveLosses], [-0.05, false, 2]);
    assert.is((await mgr.updateDailyPnl(-1)).tripped, true);
    assert.is((await mgr.getCircuitBreaker()).source, "consecutive_losses");
  });

  test("a late loss does not count for the daily limit, but for the streak", async () => {
    const clock = new Clock();
    const config = { risk: { max_daily_loss: 1, max_consecutive_losses: 2 } };
    await using mgr = await open(config, { clock: clock.read });
    assert.is((await mgr.updateDailyPnl(-99, { ts: NOON - DAY })).tripped, false);
    assert.is((await mgr.updateDailyPnl(-99, { ts: NOON - DAY })).tripped, true);
    assert.is((await mgr.getCircuitBreaker()).source, "consecutive_losses");
  });

  test("while it is active, exits and everything else that is no entry still work", async () => {
    await using mgr = await open({ risk: { max_daily_loss: 1 } });
    await mgr.savePosition(LONG);
    await mgr.saveOrder(BUY);
    await mgr.triggerCircuitBreaker("x", { duration: "until_reset" });
    assert.is((await mgr.updatePosition("p1", { sl: 1 })).sl, 1);
    await mgr.setCooldown(LONG.pair, "1h");
    assert.is(await mgr.clearCooldown(LONG.pair), true);
    assert.is(await mgr.removeOrder("o1"), true);
    assert.is(await mgr.markSignalProcessed("s1", LONG.pair), true);
    assert.is((await mgr.closePosition("p1", { pnl: -5 })).closed, true);
    assert.is((await mgr.updateDailyPnl(-5)).applied, true);
    await mgr.savePosition(LONG);
    assert.is(await mgr.removePosition("p1"), true);
  });

  test("a reset that finds nothing active changes nothing", async () => {
    await using mgr = await open();
    const before = await everything(mgr);
    assert.is(await mgr.resetCircuitBreaker("just in case"), false);
    assert.equal(await everything(mgr), before);
  });

  test("reasons may be any text", async () => {
    await using mgr = await open();
    for (const reason of ['"quotes" \\ and\nlines', "日本語 \u{1F6D1}", "%s %d", "x".repeat(256)]) {
      assert.is((await mgr.triggerCircuitBreaker(reason)).reason, reason);
      assert.is((await mgr.getRiskState()).circuitBreakerReason, reason);
      assert.is(await mgr.resetCircuitBreaker("y".repeat(1024)), true);
    }
  });
};
