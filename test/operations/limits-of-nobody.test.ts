/** Limits that were stored before it was noted who set them. The script's twin of this is in `test/contract/lua/running.suite.ts`. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { interpret } from "../../src/backends/interpret.js";
import { setRiskLimits } from "../../src/operations/set-risk-limits.js";
import { FlowState } from "../../src/state/flow-state.js";

const test = suite("limits of nobody");

test("they are not loosened by a connect; one that is as configured becomes the configuration's", () => {
  const state = new FlowState();
  state.limits.set("max_daily_loss", 10);
  state.limits.set("max_consecutive_losses", 50);
  state.limits.set("max_drawdown", 0.5);
  const call = { now: 5, instance: "bot-1", maxEvents: 100, lease: "" };
  const args = { how: "connect", dayStart: 0, breakerDuration: 1000 } as const;
  const wanted = [
    ["max_daily_loss", 11],
    ["max_consecutive_losses", 49],
    ["max_drawdown", 0.5],
  ] as const;
  const { origins } = interpret(setRiskLimits, state, { ...args, limits: wanted }, call);
  const config = { by: "config", who: "bot-1", at: new Date(5) };
  assert.equal(origins, {
    max_daily_loss: { value: 10 },
    max_consecutive_losses: { value: 49, ...config },
    max_drawdown: { value: 0.5, ...config },
  });
});

test.run();
