import { BACKENDS } from "../contract/backends.js";
import { EXAMPLES } from "./examples.js";
import { differences } from "./expectation.js";
import { Product } from "./product.js";

const stand = await BACKENDS.memory();
for (const { name, issue, setup, lines } of EXAMPLES) {
  if (issue === 12) continue;
  const wrong: string[] = [];
  try {
    await using product = await Product.open(stand.open, setup);
    for (const [i, { step, outcome = { done: true }, state = {} }] of lines.entries()) {
      const a = await product.tell(step);
      const w = [
        ...differences(outcome, a.outcome, "outcome"),
        ...differences(state, a.state, "state"),
        ...a.contradictions,
      ].map((l) => `${i} ${step.call}: ${l}`);
      if (outcome.done === undefined && !a.outcome.done) w.push(`${i} refused ${a.outcome.name}`);
      wrong.push(...w);
    }
  } catch (e) {
    wrong.push(String(e));
  }
  if (wrong.length) console.log(name, wrong);
}
