/** The journal's text of a plan stays small, however much there is to do. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Action } from "../../sync/plan/action.js";
import { type Plan, withHash } from "../../sync/plan/plan.js";
import { storedPlan } from "../../sync/recovery/stored-plan.js";

const test = suite("stored plan");

function planOf(actions: readonly Action[], notes: readonly string[] = []): Plan {
  return withHash({
    flowId: "bot",
    epoch: "e",
    exchange: "paper",
    mode: "sync",
    orphanPositions: "close",
    at: new Date(0),
    failures: [],
    actions,
    waiting: notes.map((why) => ({ pair: "BTC/USDT", subject: "s", why, harmless: true })),
    foreign: [],
    notes,
  });
}

const leave = (i: number, needsPerson?: string): Action => ({
  type: "leave_orphan",
  key: `leave_orphan ${i}`,
  pair: "BTC/USDT",
  side: "long",
  size: 1,
  evidence: ["x".repeat(200)],
  ...(needsPerson !== undefined && { needsPerson }),
});

test("a short plan is kept whole, in the order of its actions", () => {
  const plan = planOf([leave(1), leave(2)], ["a note"]);
  const { actions, omitted, hash, notes } = storedPlan(plan);
  assert.equal([actions, omitted, hash, notes], [plan.actions, 0, plan.hash, ["a note"]]);
});

test("of a long one the actions that need a person are kept first, and the rest is counted", () => {
  const all = Array.from({ length: 20_000 }, (_, i) => leave(i, i === 19_999 ? "look at it" : undefined));
  const stored = storedPlan(
    planOf(
      all,
      Array.from({ length: 10_000 }, () => "n".repeat(5_000)),
    ),
  );
  assert.ok(JSON.stringify(stored).length < 512 * 1024, `${JSON.stringify(stored).length} characters`);
  assert.is(stored.actions[0]?.key, "leave_orphan 19999");
  assert.ok(stored.actions.length > 100);
  assert.is(stored.actions.length + stored.omitted, 20_000);
});

test.run();
