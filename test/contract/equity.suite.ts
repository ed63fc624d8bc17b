/** Equity, its peak and the drawdown (money.md, 7). */
import * as assert from "uvu/assert";
import type { Config, StateManager } from "../../src/index.js";
import { Clock, DAY, NOON } from "./clock.js";
import { refused, sameDouble } from "./expect.js";
import type { Theme } from "./open.js";
import { LONG } from "./samples.js";

export const equity: Theme = (test, open, { durable }) => {
  test("a drawdown is reckoned in decimals: 75.075 of 100.1 is a quarter down", async () => {
    await using mgr = await open({ risk: { max_drawdown: 0.25 } });
    await mgr.updateEquity(100.1);
    const { currentDrawdown, tripped } = await mgr.updateEquity(75.075);
    sameDouble(currentDrawdown, 0.25);
    assert.is(tripped, true);
    sameDouble((await mgr.getRiskState()).currentDrawdown, 0.25);
  });

  test("a peak of a few millionths, or of millions of billions, comes back as it was reported", async () => {
    for (const peak of [0.0000012345678901234567, 1e-7, 8_999_999_999_999_999, 0.1 + 0.2]) {
      await using mgr = await open();
      sameDouble((await mgr.updateEquity(peak)).peakEquity, peak);
      await mgr.updateEquity(-1);
      const { peakEquity } = await mgr.getRiskState();
      sameDouble(peakEquity, peak);
      sameDouble((await mgr.snapshot()).risk.peakEquity, peak);
    }
    await using mgr = await open();
    await refused(mgr.updateEquity(9e15 + 2), "equity");
  });

  test("with a starting equity, equity follows every booking, of whatever day, until the bot reports it", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { starting_equity: 1000, max_drawdown: 0.5 } }, { clock: clock.read });
    const stands = async () => {
      const { peakEquity, currentDrawdown } = await mgr.getRiskState();
      return [peakEquity, currentDrawdown];
    };
    assert.equal(await stands(), [1000, 0]);
    await mgr.updateDailyPnl(250);
    assert.equal(await stands(), [1250, 0]);
    await mgr.updateDailyPnl(-125, { ts: NOON - 3 * DAY });
    assert.equal(await stands(), [1250, 0.1]);
    // A fill of which 100 are gained, and 25 paid.
    await mgr.savePosition({ ...LONG, size: 1, entryPrice: 100 });
    await mgr.saveOrder({ id: "x", pair: LONG.pair, side: "sell", size: 0.5, intent: "exit", positionId: "p1" });
    await mgr.recordFill("x", { fillId: "1", price: 300, size: 0.5, fee: 25 });
    assert.equal(await stands(), [1250, 0.04]);
    assert.is((await mgr.closePosition("p1", { pnl: -575 })).tripped, true);
    assert.equal(await stands(), [1250, 0.5]);
    assert.is((await mgr.getCircuitBreaker()).source, "drawdown");
    // From here on the bot reports it: 2000, then with a result.
    await mgr.updateEquity(2000);
    await mgr.updateDailyPnl(-1500);
    assert.equal(await stands(), [2000, 0]);
    await mgr.updateDailyPnl(-1, { equity: 1500 });
    assert.equal(await stands(), [2000, 0.25]);
    clock.now += DAY;
    await mgr.updateDailyPnl(500);
    assert.equal(await stands(), [2000, 0.25]);
  });

  test("the equity that a booking tells wins over what it books", async () => {
    for (const book of [
      (mgr: StateManager) => mgr.updateDailyPnl(-50, { equity: 900 }),
      (mgr: StateManager) => mgr.closePosition("p1", { pnl: -50, equity: 900 }),
    ]) {
      await using mgr = await open({ risk: { starting_equity: 1000 } });
      await mgr.savePosition(LONG);
      await book(mgr);
      assert.is((await mgr.getRiskState()).currentDrawdown, 0.1);
    }
  });

  test("sums of a starting equity are exact: losses of 0.1 and 0.2 of 3 are a tenth", async () => {
    await using mgr = await open({ risk: { starting_equity: 3, max_drawdown: 0.1 } });
    assert.is((await mgr.updateDailyPnl(-0.1)).tripped, false);
    const { tripped, currentDrawdown } = await mgr.updateDailyPnl(-0.2);
    assert.equal([tripped, currentDrawdown], [true, 0.1]);
  });

  test("a starting equity counts from the step that first sets it; another one later is told and changes nothing", async () => {
    const warnings: string[] = [];
    const logger = { info() {}, warn: (message: string) => void warnings.push(message) };
    await using mgr = await open({ risk: { starting_equity: 1000 } }, { logger });
    await mgr.updateDailyPnl(-100);
    assert.is(await mgr.startEquity(5000), 1000);
    await mgr.close();
    await mgr.connect();
    const { peakEquity, currentDrawdown } = await mgr.getRiskState();
    assert.equal([peakEquity, currentDrawdown], [1000, 0.1]);
    assert.equal(warnings, []);
    const started = (await mgr.getEvents()).filter(({ type }) => type === "equity_started");
    assert.equal(
      started.map((event) => event.type === "equity_started" && event.startingEquity),
      [1000],
    );
  });

  test("a starting equity that comes after the bot has reported one is noted, and moves nothing", async () => {
    await using mgr = await open();
    await mgr.updateEquity(700);
    assert.is(await mgr.startEquity(1000), 1000);
    await mgr.updateDailyPnl(-70);
    const { peakEquity, currentDrawdown } = await mgr.getRiskState();
    assert.equal([peakEquity, currentDrawdown], [700, 0]);
  });

  test("a starting equity that comes on a new day closes the one before", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(-5);
    clock.now += DAY;
    await mgr.startEquity(100);
    const { day, dailyPnl, peakEquity } = await mgr.getRiskState();
    assert.equal([day, dailyPnl, peakEquity], ["2024-03-06", 0, 100]);
    assert.equal(
      (await mgr.getDailyHistory()).map(({ pnl }) => pnl),
      [-5],
    );
  });

  test("connect warns of a drawdown limit without an equity, and of a starting equity that does not count", async () => {
    const warned = async (config: Config, before?: (mgr: StateManager) => Promise<unknown>) => {
      const warnings: string[] = [];
      const logger = { info() {}, warn: (message: string) => void warnings.push(message) };
      await using mgr = await open(config, { logger });
      if (!before) return warnings;
      await before(mgr);
      warnings.length = 0;
      await mgr.close();
      await mgr.connect();
      return warnings;
    };
    const limited = { risk: { max_drawdown: 0.2 } };
    const blind =
      /^risk\.max_drawdown limits nothing as long as no equity is known: set risk\.starting_equity, or report/;
    assert.match((await warned(limited)).join("\n"), blind);
    assert.equal(await warned({ risk: { max_drawdown: 0.2, starting_equity: 100 } }), []);
    if (durable) assert.equal(await warned(limited, (mgr) => mgr.updateEquity(100)), []);
    assert.equal(await warned({}), []);
    assert.equal(await warned({ risk: { starting_equity: 100 } }, async () => {}), []);
    await using first = await open();
    await refused(first.startEquity(0), "equity");
    await refused(first.startEquity(9e12 + 1), "equity");
  });

  if (durable) {
    test("another bot of the flow with another starting equity is told that it changes nothing", async () => {
      const first = await open({ risk: { starting_equity: 1000 } });
      await first.close();
      const warnings: string[] = [];
      const logger = { info() {}, warn: (message: string) => void warnings.push(message) };
      await using second = await open({ risk: { starting_equity: 2000 } }, { flowId: first.flowId, logger });
      assert.equal(warnings, [
        "risk.starting_equity: 2000 changes nothing, 1000 was set before; a deposit is a recordTransfer",
      ]);
      assert.is((await second.getRiskState()).peakEquity, 1000);
    });
  }
};
