/** The accountant gives the contract's own figures, and its books balance whatever it is told. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { doubleOf, exact, kept, ONE, product, quotient, sameSize, sizeSum, split, text } from "./amounts.js";
import { Accountant } from "./book.js";
import { EXAMPLES } from "./examples.js";
import { differences } from "./expectation.js";
import { faults, Ledger, Till } from "./invariants.js";
import { type Life, lifeOf, type Scope } from "./lives.js";

const LIVES = 70;

const arithmetic = suite("the accountant's arithmetic");

arithmetic("keeps 20 places or 34 digits, whichever is finer, half away from zero", () => {
  assert.is(text(quotient(ONE, exact(3))), "0.3333333333333333333333333333333333");
  assert.is(text(quotient(exact(-2), exact("3e10"))), "-0.00000000006666666666666666666666666666666667");
  assert.is(text(quotient(exact("2e17"), exact(3))), "66666666666666666.66666666666666666667");
  assert.is(text(kept(exact("100000000000000000.000000000000000000005"))), "100000000000000000.00000000000000000001");
  assert.is(text(kept(exact("-100000000000000000.000000000000000000005"))), "-100000000000000000.00000000000000000001");
  assert.throws(() => product(exact("1e9"), exact("1e9")));
});

arithmetic("gives the double next to a quotient", () => {
  assert.is(doubleOf(ONE, exact(3)), 1 / 3);
  assert.is(doubleOf(exact(400_000), exact(9)), 400_000 / 9);
  // Half-way between two doubles, and a little above it.
  assert.is(doubleOf(exact("9007199254740993")), 9007199254740992);
  assert.is(doubleOf(exact("9007199254740993.00000000000000000000000000000000001")), 9007199254740994);
});

arithmetic("adds sizes as decimals, and takes 1e-9 for a rounding", () => {
  assert.is(sizeSum(0.1, 0.2), 0.3);
  assert.ok(sameSize(1, 1.000000001));
  assert.not(sameSize(1, 1.0000000011));
});

arithmetic("splits an amount by size without losing any", () => {
  assert.equal(split(exact(1), [1, 1, 1]).map(text), ["0.33333333", "0.33333333", "0.33333334"]);
  assert.equal(split(exact("0.000000001"), [5]).map(text), ["0.000000001"]);
});

arithmetic.run();

const examples = suite("the accountant gives the figures of the contract");
for (const { name, from, setup, lines } of EXAMPLES) {
  examples(`${name} (${from})`, () => {
    const accountant = new Accountant(setup);
    for (const [index, { step, outcome = { done: true }, state = {} }] of lines.entries()) {
      const got = accountant.step(step);
      const wrong = [...differences(outcome, got, "outcome"), ...differences(state, accountant.state(), "state")];
      // A step of which nothing else is expected has to be done.
      if (outcome.done === undefined && !got.done) wrong.push(`refused: ${got.name}`);
      assert.equal(wrong, [], `step ${index}, ${step.call}`);
    }
  });
}
examples.run();

/** Tells a life to an accountant, and says at which step what went wrong. */
function lived({ seed, setup, steps }: Life, scope: Scope): { readonly done: number; readonly trades: number } {
  const accountant = new Accountant(setup);
  const ledger = new Ledger(setup);
  const till = new Till();
  let done = 0;
  let before = accountant.state();
  for (const [index, step] of steps.entries()) {
    const outcome = accountant.step(step);
    const state = accountant.state();
    till.follow(step, outcome);
    const wrong = [
      ...faults(state),
      ...ledger.follow(step, outcome, state),
      ...(scope === "fills" ? till.faults(state) : []),
      ...(outcome.done ? [] : differences(before, state)),
    ];
    before = state;
    if (outcome.done) done += 1;
    assert.equal(wrong, [], `seed ${seed}, step ${index}: ${JSON.stringify(step)}`);
  }
  return { done, trades: accountant.state().trades.length };
}

const lives = suite("random lives");
for (const scope of ["fills", "trades", "full"] as const) {
  lives(`the books balance over ${LIVES} random lives (${scope})`, () => {
    let done = 0;
    let steps = 0;
    let trades = 0;
    for (let seed = 1; seed <= LIVES; seed += 1) {
      const life = lifeOf(seed, scope);
      const result = lived(life, scope);
      done += result.done;
      trades += result.trades;
      steps += life.steps.length;
    }
    // Lives in which most is refused, or nothing ends, would prove little.
    assert.ok(done > steps * 0.7, `${done} of ${steps} steps were done`);
    assert.ok(trades > LIVES * 2, `${trades} trades ended`);
  });
}

lives("the same seed gives the same life", () => {
  assert.equal(lifeOf(7, "full"), lifeOf(7, "full"));
  assert.not.equal(lifeOf(7, "full"), lifeOf(8, "full"));
});
lives.run();
