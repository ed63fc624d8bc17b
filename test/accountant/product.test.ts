/** The product gives the accountant's figures: the contract's examples, and random lives, on every backend. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startBackends } from "../contract/backends.js";
import { EXAMPLES } from "./examples.js";
import { differences } from "./expectation.js";
import { lifeOf } from "./lives.js";
import { play, shortest } from "./playing.js";
import { Product } from "./product.js";

const FIRST = Number(process.env.SEED ?? 1);

const backends = await startBackends();

for (const [name, open, lives, stride] of [
  ["memory", backends.openAlike.memory, 100, 1],
  ["duckdb", backends.openAlike.duckdb, 20, 10],
  ["redis", backends.openAlike.redis, 20, 10],
] as const) {
  if (open === undefined) throw new Error(`no backend ${name}`);
  const count = Number(process.env.RUNS ?? lives);

  const examples = suite(`the contract's examples on ${name}`);
  for (const { name: title, from, setup, lines } of EXAMPLES) {
    examples(`${title} (${from})`, async () => {
      await using product = await Product.open(open, setup);
      for (const [index, { step, outcome = { done: true }, state }] of lines.entries()) {
        // Of a step of which nothing is expected but that it is done, the state is not read: some examples have thousands.
        const answer =
          state === undefined && Object.keys(outcome).join() === "done"
            ? { outcome: await product.ask(step), state: product.state, contradictions: [] }
            : await product.tell(step);
        const wrong = [
          ...differences(outcome, answer.outcome, "outcome"),
          ...differences(state ?? {}, answer.state, "state"),
          ...answer.contradictions,
        ];
        if (outcome.done === undefined && !answer.outcome.done) wrong.push(`refused: ${answer.outcome.name}`);
        assert.equal(wrong, [], `step ${index}, ${step.call}`);
      }
    });
  }
  examples.run();

  const random = suite(`random lives on ${name}`);
  random(`${count} random lives end as the accountant says`, async () => {
    let trades = 0;
    for (let seed = FIRST; seed < FIRST + count; seed += 1) {
      const life = lifeOf(seed, seed % 2 === 0 ? "full" : "trades");
      const played = await play(life, open, stride);
      trades += played.trades;
      if (played.parting === undefined) continue;
      assert.unreachable(`SEED=${seed} on ${name}\n${await shortest(life, played.parting, open)}`);
    }
    // Lives in which nothing ends would prove little.
    assert.ok(trades > count * 2, `${trades} trades ended`);
  });
  random.run();
}

const end = suite("end");
end("the servers and files of these tests are let go", async () => {
  await backends[Symbol.asyncDispose]();
});
end.run();
