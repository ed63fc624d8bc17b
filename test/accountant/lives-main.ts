/** `npm run lives [-- COUNT [SEED [BACKEND...]]]`: random lives from that seed on, told to the accountant and to the product. */
import { startBackends } from "../contract/backends.js";
import { lifeOf } from "./lives.js";
import { play, shortest } from "./playing.js";

const [count = "500", first = "1", ...named] = process.argv.slice(2);

const backends = await startBackends();
let failed = 0;
for (const [name, open] of Object.entries(backends.openAlike)) {
  if (named.length > 0 && !named.includes(name)) continue;
  let steps = 0;
  let done = 0;
  let trades = 0;
  let parted = 0;
  for (let seed = Number(first); seed < Number(first) + Number(count); seed += 1) {
    const life = lifeOf(seed, seed % 2 === 0 ? "full" : "trades");
    const played = await play(life, open, name === "memory" ? 1 : 10);
    steps += life.steps.length;
    done += played.done;
    trades += played.trades;
    if (played.parting === undefined) continue;
    parted += 1;
    console.log(`seed ${seed} on ${name}:\n${await shortest(life, played.parting, open)}\n`);
  }
  console.log(`${name}: ${count} lives, ${steps} steps, ${done} done, ${trades} trades, ${parted} parted`);
  failed += parted;
}
await backends[Symbol.asyncDispose]();
process.exitCode = failed > 0 ? 1 : 0;
