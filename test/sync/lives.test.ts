/**
 * Random lives of two flows on one exchange account, with faults and deaths, judged by what really happened. A failure prints the
 * seed and the shortest life that shows it: SEED=n repeats it, RUNS=n lives that many.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LONG } from "../long.js";
import { startHomes } from "./lives/homes.js";
import { lifeOf } from "./lives/making.js";
import { noCounts, shortened, told, wrongOf } from "./lives/playing.js";

/** The same lives each time: `npm run lives:recovery` plays others, by the thousand. */
const SEED = Number(process.env.SEED ?? 1);
const RUNS = Number(process.env.RUNS ?? 0);

const homes = await startHomes();
const test = suite("random lives of two flows on one account");

for (const [name, runs] of [
  ["memory", RUNS || (LONG ? 300 : 30)],
  ["redis", RUNS || (LONG ? 40 : 6)],
  ["duckdb", RUNS || (LONG ? 40 : 5)],
] as const) {
  for (const mode of ["netting", "hedge"] as const) {
    test(`${mode} on ${name}: no order that the flow did not need; state, exchange and accountant agree, or a person is asked`, async () => {
      console.log(`\n  ${runs} lives, ${mode} on ${name}: SEED=${SEED}`);
      const home = homes.on[name];
      if (!home) throw new Error(`no backend ${name}`);
      const counts = noCounts();
      for (let seed = SEED; seed < SEED + runs; seed += 1) {
        const life = lifeOf(seed, mode, name === "redis");
        const wrong = await wrongOf(life, home(), counts);
        if (!wrong) continue;
        const short = await shortened(life, wrong.kind, home);
        const again = (await wrongOf(short, home())) ?? wrong;
        assert.unreachable(`seed ${seed}, ${mode} on ${name}:\n${told(short, again)}`);
      }
      assert.is(counts.lives, runs);
      assert.ok(counts.recoveries > runs, `${counts.recoveries} recoveries`);
    });
  }
}

test("the server and the files of these tests are let go", async () => {
  await homes[Symbol.asyncDispose]();
});

test.run();
