import * as assert from "uvu/assert";
import type { Config, Logger, StateManager } from "../../src/index.js";
import { Clock, DAY, HOUR, NOON } from "./clock.js";
import { refused } from "./expect.js";
import type { Theme } from "./open.js";

/** A logger that keeps its warnings. */
function listening(): Logger & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return { warnings, info() {}, warn: (message) => void warnings.push(message) };
}

async function reconnect(mgr: StateManager): Promise<void> {
  await mgr.close();
  await mgr.connect();
}

/** The newest event, without its id. */
async function lastEvent(mgr: StateManager) {
  const event = (await mgr.getEvents()).at(-1);
  if (event?.type !== "limits_set") throw new Error(`expected limits_set, got ${event?.type}`);
  const { id: _, ...told } = event;
  return told;
}

const CONFIGURED: Config = { risk: { max_daily_loss: 300, max_exposure: 10 } };

/** Whose a limit is, and what setting it does. */
export const limits: Theme = (test, open, { durable }) => {
  test("each limit keeps its value, who set it, when, and whether a configuration or a call", async () => {
    const clock = new Clock();
    await using mgr = await open(CONFIGURED, { clock: clock.read, instanceId: "bot-1" });
    const config = { by: "config", who: "bot-1", at: new Date(NOON) } as const;
    assert.equal(await mgr.getRiskLimitOrigins(), {
      max_daily_loss: { value: 300, ...config },
      max_exposure: { value: 10, ...config },
    });
    clock.now += HOUR;
    const call = { by: "call", who: "bot-1", at: new Date(NOON + HOUR) } as const;
    await mgr.setRiskLimits({ max_exposure: 5, max_open_positions: 3 });
    const origins = {
      max_daily_loss: { value: 300, ...config },
      max_open_positions: { value: 3, ...call },
      max_exposure: { value: 5, ...call },
    };
    assert.equal(await mgr.getRiskLimitOrigins(), origins);
    const snapshot = await mgr.snapshot();
    assert.equal(snapshot.limitOrigins, origins);
    assert.equal(snapshot.limits, { max_daily_loss: 300, max_open_positions: 3, max_exposure: 5 });
    assert.equal(await mgr.getRiskLimits(), snapshot.limits);
  });

  test("a connect leaves what a call made tighter, and says so with both values, who and when", async () => {
    const clock = new Clock();
    const logger = listening();
    await using mgr = await open(CONFIGURED, { clock: clock.read, instanceId: "bot-1", logger });
    await reconnect(mgr);
    assert.equal(logger.warnings, []);
    await mgr.setRiskLimits({ max_exposure: 5 });
    clock.now += HOUR;
    const before = await mgr.getEvents();
    await reconnect(mgr);
    assert.equal(await mgr.getRiskLimits(), { max_daily_loss: 300, max_exposure: 5 });
    assert.equal((await mgr.getRiskLimitOrigins()).max_exposure, {
      value: 5,
      by: "call",
      who: "bot-1",
      at: new Date(NOON),
    });
    assert.equal(await mgr.getEvents(), before);
    assert.equal(logger.warnings, [
      `flow ${mgr.flowId}: max_exposure is 5, set by bot-1 at 2024-03-05T12:00:00.000Z; risk.max_exposure of the configuration, 10, does not loosen it: sf-state risk unset max_exposure does`,
    ]);
  });

  test("a connect makes tighter what a call had made looser: it is the configuration's from then on", async () => {
    const clock = new Clock();
    const logger = listening();
    await using mgr = await open(CONFIGURED, { clock: clock.read, instanceId: "bot-1", logger });
    await mgr.setRiskLimits({ max_exposure: 20 });
    clock.now += HOUR;
    await reconnect(mgr);
    const at = new Date(NOON + HOUR);
    assert.equal((await mgr.getRiskLimitOrigins()).max_exposure, { value: 10, by: "config", who: "bot-1", at });
    assert.equal(await lastEvent(mgr), {
      type: "limits_set",
      at,
      instance: "bot-1",
      limits: { max_exposure: 10 },
      by: "config",
      tripped: false,
    });
    assert.equal(logger.warnings, []);
  });

  test("a limit that a call removed is the configuration's again at the next connect", async () => {
    await using mgr = await open(CONFIGURED);
    await mgr.setRiskLimits({ max_exposure: null });
    assert.equal(await mgr.getRiskLimits(), { max_daily_loss: 300 });
    assert.equal(Object.keys(await mgr.getRiskLimitOrigins()), ["max_daily_loss"]);
    await reconnect(mgr);
    assert.equal(await mgr.getRiskLimits(), { max_daily_loss: 300, max_exposure: 10 });
    assert.is((await mgr.getRiskLimitOrigins()).max_exposure?.by, "config");
  });

  test("a call that names the configured value makes it the call's, and again changes nothing", async () => {
    const clock = new Clock();
    await using mgr = await open(CONFIGURED, { clock: clock.read, instanceId: "bot-1" });
    clock.now += HOUR;
    await mgr.setRiskLimits({ max_exposure: 10 });
    assert.equal(await lastEvent(mgr), {
      type: "limits_set",
      at: new Date(clock.now),
      instance: "bot-1",
      limits: { max_exposure: 10 },
      by: "call",
      tripped: false,
    });
    const [origins, events] = [await mgr.getRiskLimitOrigins(), await mgr.getEvents()];
    assert.is(origins.max_exposure?.by, "call");
    clock.now += HOUR;
    await mgr.setRiskLimits({ max_exposure: 10 });
    await reconnect(mgr);
    assert.equal([await mgr.getRiskLimitOrigins(), await mgr.getEvents()], [origins, events]);
  });

  test("unset gives a limit back to the configuration: what that says, or none", async () => {
    await using mgr = await open(CONFIGURED);
    await mgr.setRiskLimits({ max_exposure: 5, max_open_positions: 3, max_daily_loss: 100 });
    assert.equal(await mgr.unsetRiskLimits(["max_exposure", "max_open_positions"]), {
      max_daily_loss: 100,
      max_exposure: 10,
    });
    const { max_exposure, max_daily_loss } = await mgr.getRiskLimitOrigins();
    assert.equal([max_exposure?.by, max_daily_loss?.by], ["config", "call"]);
    const { limits: told, by } = await lastEvent(mgr);
    assert.equal([told, by], [{ max_open_positions: null, max_exposure: 10 }, "config"]);
    await refused(Reflect.apply(mgr.unsetRiskLimits, mgr, [["max_everything"]]), "names[0]");
    await refused(Reflect.apply(mgr.unsetRiskLimits, mgr, ["max_exposure"]), "names");
  });

  test("a limit that a call makes tighter, at or beyond where its number stands, trips in that step", async () => {
    for (const [number, limit, source, reason] of [
      ["loss", { max_daily_loss: 50 }, "daily_loss", "daily loss of 50 reached the limit of 50"],
      ["loss", { max_daily_loss: 0.5 }, "daily_loss", "daily loss of 50 reached the limit of 0.5"],
      ["streak", { max_consecutive_losses: 1 }, "consecutive_losses", "1 losses in a row reached the limit of 1"],
      ["drawdown", { max_drawdown: 0.1 }, "drawdown", "drawdown of 25.00% reached the limit of 10.00%"],
    ] as const) {
      const clock = new Clock();
      await using mgr = await open({ risk: { breaker_duration: "2h" } }, { clock: clock.read, instanceId: "bot-1" });
      await mgr.updateEquity(1000);
      await mgr.updateDailyPnl(-50, { equity: 750 });
      clock.now += HOUR;
      await mgr.setRiskLimits(limit);
      const breaker = {
        active: true,
        reason,
        source,
        trippedAt: new Date(clock.now),
        until: new Date(NOON + 3 * HOUR),
      };
      assert.equal(await mgr.getCircuitBreaker(), breaker, number);
      assert.equal(await lastEvent(mgr), {
        type: "limits_set",
        at: new Date(clock.now),
        instance: "bot-1",
        limits: limit,
        by: "call",
        tripped: true,
        breaker,
      });
    }
  });

  test("a limit above its number does not trip, nor one that is made looser, nor the same once more", async () => {
    await using mgr = await open();
    await mgr.updateDailyPnl(-50);
    await mgr.setRiskLimits({ max_daily_loss: 50.00000001, max_consecutive_losses: 2, max_drawdown: 0.1 });
    assert.is(await mgr.checkCircuitBreaker(), false);
    await mgr.setRiskLimits({ max_daily_loss: 20 });
    assert.is(await mgr.resetCircuitBreaker(), true);
    for (const max_daily_loss of [20, 30, null]) await mgr.setRiskLimits({ max_daily_loss });
    // Another limit that is made tighter is no reason to trip for this one.
    await mgr.setRiskLimits({ max_daily_loss: 20 });
    await mgr.resetCircuitBreaker();
    await mgr.setRiskLimits({ max_drawdown: 0.05, max_exposure: 0 });
    assert.is(await mgr.checkCircuitBreaker(), false);
  });

  test("yesterday's loss is no reason to trip today", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(-50);
    clock.now += DAY;
    await mgr.setRiskLimits({ max_daily_loss: 10 });
    assert.is(await mgr.checkCircuitBreaker(), false);
  });

  test("a tighter limit makes an active breaker last longer, never shorter, and tells it", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { breaker_duration: "2h" } }, { clock: clock.read });
    await mgr.updateDailyPnl(-50);
    await mgr.triggerCircuitBreaker("by hand", "1h");
    await mgr.setRiskLimits({ max_daily_loss: 10 });
    const { until, source } = await mgr.getCircuitBreaker();
    assert.equal([until, source], [new Date(NOON + 2 * HOUR), "daily_loss"]);
    const told = await lastEvent(mgr);
    assert.equal([told.tripped, told.breaker?.source], [false, "daily_loss"]);
    await mgr.triggerCircuitBreaker("by hand", "until_reset");
    await mgr.setRiskLimits({ max_daily_loss: 5 });
    assert.equal((await lastEvent(mgr)).breaker, undefined);
    assert.is((await mgr.getCircuitBreaker()).until, undefined);
  });

  test("what returns to the configuration by a call trips as what a call sets", async () => {
    await using mgr = await open({ risk: { max_daily_loss: 40 } });
    await mgr.setRiskLimits({ max_daily_loss: 100 });
    await mgr.updateDailyPnl(-50);
    await mgr.unsetRiskLimits(["max_daily_loss"]);
    assert.is((await mgr.getCircuitBreaker()).source, "daily_loss");
  });

  test("a connect that makes a limit tighter, or sets one where there was none, trips as a call does", async () => {
    for (const before of [100, null]) {
      const clock = new Clock();
      await using mgr = await open({ risk: { max_daily_loss: 40, breaker_duration: "2h" } }, { clock: clock.read });
      await mgr.setRiskLimits({ max_daily_loss: before });
      await mgr.updateDailyPnl(-50);
      clock.now += HOUR;
      await reconnect(mgr);
      assert.equal(await mgr.getRiskLimits(), { max_daily_loss: 40 });
      const breaker = {
        active: true,
        reason: "daily loss of 50 reached the limit of 40",
        source: "daily_loss",
        trippedAt: new Date(clock.now),
        until: new Date(NOON + 3 * HOUR),
      };
      assert.equal(await mgr.getCircuitBreaker(), breaker);
      const told = await lastEvent(mgr);
      assert.equal([told.by, told.tripped, told.breaker], ["config", true, breaker]);
    }
  });

  test("a connect that writes the same limit does not trip, nor one that is made tighter above its number", async () => {
    await using mgr = await open({ risk: { max_daily_loss: 40, max_consecutive_losses: 2 } });
    await mgr.updateDailyPnl(-50);
    await mgr.resetCircuitBreaker();
    await mgr.setRiskLimits({ max_consecutive_losses: 5 });
    await reconnect(mgr);
    assert.equal(await mgr.getRiskLimits(), { max_daily_loss: 40, max_consecutive_losses: 2 });
    assert.is(await mgr.checkCircuitBreaker(), false);
  });

  if (durable) {
    test("what a call set stands again when a configuration was tighter and another is looser, until a call says otherwise", async () => {
      const clock = new Clock();
      const first = await open({ risk: { max_exposure: 400 } }, { clock: clock.read, instanceId: "bot-1" });
      const { flowId } = first;
      await first.close();
      const warnings: string[][] = [];

      /** A bot or an operator comes, does what `work` says, and goes: the limit, whose it is, and whether it was given back. */
      async function visit(max_exposure: number | undefined, work?: (mgr: StateManager) => Promise<unknown>) {
        clock.now += HOUR;
        const logger = listening();
        const config: Config = max_exposure === undefined ? {} : { risk: { max_exposure } };
        const who = work === undefined ? "bot-1" : "operator";
        await using mgr = await open(config, { flowId, logger, clock: clock.read, instanceId: who, existing: !!work });
        await work?.(mgr);
        warnings.push(logger.warnings);
        const { returned } = await lastEvent(mgr);
        return [(await mgr.getRiskLimitOrigins()).max_exposure, returned] as const;
      }

      await visit(undefined, (mgr) => mgr.setRiskLimits({ max_exposure: 200 }));
      const call = { value: 200, by: "call", who: "operator", at: new Date(clock.now) };
      const configured = (value: number) => ({ value, by: "config", who: "bot-1", at: new Date(clock.now) });
      assert.equal(await visit(100), [configured(100), undefined]);
      assert.equal(await visit(150), [configured(150), undefined]);
      assert.equal(await visit(50), [configured(50), undefined]);
      assert.equal(warnings.flat(), []);
      assert.equal(await visit(400), [call, ["max_exposure"]]);
      assert.equal(warnings.at(-1), [
        `flow ${flowId}: max_exposure is 200, set by operator at ${call.at.toISOString()}; risk.max_exposure of the configuration, 400, does not loosen it: sf-state risk unset max_exposure does`,
      ]);
      assert.equal(await visit(100), [configured(100), undefined]);
      assert.equal(await visit(200), [call, ["max_exposure"]]);

      // What a call says afterwards is all that counts; unset holds nothing.
      await visit(100);
      await visit(100, (mgr) => mgr.setRiskLimits({ max_exposure: 300 }));
      await visit(90);
      assert.is((await visit(400))[0]?.value, 300);
      await visit(80);
      await visit(80, (mgr) => mgr.unsetRiskLimits(["max_exposure"]));
      assert.equal(await visit(400), [configured(400), undefined]);
    });

    test("a restart never loosens what an operator tightened, and writes what a configuration changed", async () => {
      const first = await open(CONFIGURED, { instanceId: "bot-1" });
      const { flowId } = first;
      await first.close();
      {
        await using operator = await open({}, { flowId, existing: true, instanceId: "operator" });
        assert.equal(await operator.getRiskLimits(), { max_daily_loss: 300, max_exposure: 10 });
        await operator.setRiskLimits({ max_exposure: 5 });
      }
      const logger = listening();
      await using mgr = await open({ risk: { max_daily_loss: 400, max_exposure: 10 } }, { flowId, logger });
      assert.equal(await mgr.getRiskLimits(), { max_daily_loss: 400, max_exposure: 5 });
      assert.is((await mgr.getRiskLimitOrigins()).max_exposure?.who, "operator");
      assert.is(logger.warnings.length, 1);
    });
  }
};
