/**
 * `npm run runtimes [-- --short] [NAME...]`: packs the package and has a small bot use it in every way that users install, bundle
 * and run it: on memory, on a real Redis, on a new DuckDB file, and without DuckDB. Ends with "N passed, N failed, N skipped";
 * exits with 1 when one failed. What cannot be had on this machine is skipped, by name and with the reason.
 */
import { bundlers } from "./bundlers.js";
import { engines } from "./engines.js";
import { installers } from "./installers.js";
import type { Runtime } from "./runtime.js";
import { Stand } from "./stand.js";
import { NotHere } from "./tools.js";

const ALL: readonly Runtime[] = [...installers, ...bundlers, ...engines];

type Outcome = "passed" | "failed" | "skipped";

async function main(words: readonly string[]): Promise<number> {
  const short = words.includes("--short");
  const names = words.filter((word) => word !== "--short").map((word) => word.toLowerCase());
  const chosen = ALL.filter(
    (runtime) =>
      (!short || runtime.short) &&
      (names.length === 0 || names.some((part) => runtime.name.toLowerCase().includes(part))),
  );
  if (chosen.length === 0) {
    console.error(`no runtime is called ${names.join(" or ")}; there are: ${ALL.map(({ name }) => name).join("; ")}`);
    return 1;
  }
  await using stand = await Stand.open();
  const outcomes: Outcome[] = [];
  for (const runtime of chosen) outcomes.push(await outcomeOf(runtime, stand));
  const count = (outcome: Outcome) => outcomes.filter((each) => each === outcome).length;
  console.log(`\n${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`);
  return count("failed") === 0 ? 0 : 1;
}

async function outcomeOf(runtime: Runtime, stand: Stand): Promise<Outcome> {
  const since = performance.now();
  try {
    await runtime.run(stand);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof NotHere) {
      console.log(`skip  ${runtime.name}: ${why}`);
      return "skipped";
    }
    console.log(`FAIL  ${runtime.name}: ${why}`);
    return "failed";
  }
  console.log(`ok    ${runtime.name}  ${((performance.now() - since) / 1000).toFixed(1)} s`);
  return "passed";
}

process.exitCode = await main(process.argv.slice(2));
