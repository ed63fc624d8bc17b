/** Equity, its peak and the drawdown (money.md, 7). */
import * as assert from "uvu/assert";
import { refused, sameDouble } from "./expect.js";
import type { Theme } from "./open.js";

export const equity: Theme = (test, open) => {
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
};
