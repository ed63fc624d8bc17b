/** `npm run lives [count [first seed]]`: random lives, told to the accountant and to the product, on one backend. */
import { BACKENDS, type BackendName } from "../contract/backends.js";
import type { Open } from "../contract/open.js";
import { lifeOf, type Scope } from "./lives.js";
import { type Parting, play, type Script, shortened, told } from "./playing.js";

export async function failureOf(script: Script, parting: Parting, open: Open): Promise<string> {
  const short = await shortened(script, parting, open);
  const { parting: again = parting } = await play(short, open);
  return told(short, again);
}

const [backend = "memory", scope = "trades", count = "500", first = "1"] = process.argv.slice(2);
const names = new Map(Object.keys(BACKENDS).map((n) => [n, n]));
void names;
const stand = await BACKENDS[backend as BackendName]();
let failures = 0;
let done = 0;
let trades = 0;
let steps = 0;
const seen = new Map<string, number>();
for (let seed = Number(first); seed < Number(first) + Number(count); seed += 1) {
  const life = lifeOf(seed, scope as Scope);
  const played = await play(life, stand.open);
  done += played.done;
  trades += played.trades;
  steps += life.steps.length;
  if (played.parting) {
    failures += 1;
    const key =
      played.parting.step.call +
      " " +
      played.parting.wrong
        .map((l) => l.replace(/\[\d+\]/g, "[]").replace(/expected.*/, ""))
        .join("|")
        .slice(0, 150);
    seen.set(key, (seen.get(key) ?? 0) + 1);
    if (seen.get(key) === 1 && seen.size <= 6)
      console.log(`seed ${seed}:\n${await failureOf(life, played.parting, stand.open)}\n`);
  }
}
console.log({ failures, done, steps, trades });
for (const [k, n] of [...seen].sort((a, b) => b[1] - a[1])) console.log(n, k);
await stand[Symbol.asyncDispose]();
