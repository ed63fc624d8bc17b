/** `npm run lives:recovery [-- COUNT [SEED [BACKEND...]]]`: random lives of two flows on one account from that seed on, half of them netting. */
import { startHomes } from "./homes.js";
import { lifeOf } from "./making.js";
import { noCounts, shortened, told, wrongOf } from "./playing.js";

const [count = "1000", first = "1", ...named] = process.argv.slice(2);
const names = named.length > 0 ? named : ["memory"];

const homes = await startHomes();
let failed = 0;
for (const name of names) {
  const home = homes.on[name];
  if (!home) throw new Error(`no backend ${name}: one of ${Object.keys(homes.on).join(", ")}`);
  const counts = noCounts();
  const kinds = new Map<string, number[]>();
  for (let seed = Number(first); seed < Number(first) + Number(count); seed += 1) {
    const life = lifeOf(seed, seed % 2 === 0 ? "hedge" : "netting", name === "redis");
    const wrong = await wrongOf(life, home(), counts);
    if (!wrong) continue;
    failed += 1;
    const seeds = kinds.get(wrong.kind) ?? [];
    kinds.set(wrong.kind, [...seeds, seed]);
    if (seeds.length > 0) continue; // one of each kind is told
    const short = await shortened(life, wrong.kind, home);
    console.log(`\nseed ${seed} on ${name}:\n${told(short, (await wrongOf(short, home())) ?? wrong)}\n`);
  }
  const asked = [...counts.asked].map(([kind, times]) => `${times} ${kind}`).join(", ") || "never";
  console.log(
    `${name}: ${count} lives, ${counts.recoveries} recoveries, ${counts.orders} orders sent, ${counts.quiet} restarts that needed nothing`,
  );
  console.log(`  a person was asked: ${asked}; approved ${counts.approved}, left ${counts.left}`);
  for (const [kind, seeds] of kinds)
    console.log(`  ${seeds.length} lives: ${kind}: seeds ${seeds.slice(0, 12).join(", ")}`);
}
await homes[Symbol.asyncDispose]();
process.exitCode = failed > 0 ? 1 : 0;
