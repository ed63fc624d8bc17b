/** The accountant gives the contract's own figures. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Accountant } from "./book.js";
import { EXAMPLES } from "./examples.js";
import { differences } from "./expectation.js";

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
