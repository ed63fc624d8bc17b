/**
 * `npm run servers -- [redis-7.0] [redis-8] [valkey-8] [--suites PATTERN...] [--short]`: runs the test files that touch the server
 * (or those whose path has one of the patterns in it) on each of the releases that users run, fetched from Debian's packages.
 * Ends with "N passed, N failed, N skipped"; exits with 1 when a test failed. A release that cannot be had is a failure that
 * says what is missing; with --short, which CI runs on any machine, it is skipped, by name and with the reason.
 */
import type { Release } from "./release.js";
import { runTests, type Totals } from "./tests.js";
import { folderOf } from "./unpacked.js";
import { type Wish, wishOf } from "./wish.js";

interface Outcome extends Totals {
  readonly skipped: number;
  /** One line about the release. */
  readonly told: string;
}

async function main(wish: Wish): Promise<number> {
  const outcomes: Outcome[] = [];
  for (const release of wish.releases) outcomes.push(await outcomeOn(release, wish));
  const sum = (field: "passed" | "failed" | "skipped") => outcomes.reduce((total, each) => total + each[field], 0);
  console.log("");
  for (const { told } of outcomes) console.log(told);
  console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  return sum("failed") === 0 ? 0 : 1;
}

async function outcomeOn(release: Release, { suites, short }: Wish): Promise<Outcome> {
  const { name } = release;
  const since = performance.now();
  console.log(`\n-- ${name}: ${suites.join(" ")}`);
  let folder: string;
  try {
    folder = folderOf(release);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const told = `${name} (${release.packages.join(", ")} of Debian ${release.suite}) cannot be had: ${why}`;
    console.log(told);
    if (short) return { passed: 0, failed: 0, skipped: 1, told: `skip  ${told}` };
    return { passed: 0, failed: 1, skipped: 0, told: `FAIL  ${told}` };
  }
  const { passed, failed } = await runTests(suites, folder);
  const took = `${((performance.now() - since) / 1000).toFixed(1)} s`;
  const told = `${failed === 0 ? "ok  " : "FAIL"}  ${name}  ${passed} passed, ${failed} failed  ${took}`;
  return { passed, failed, skipped: 0, told };
}

function wished(): Wish | undefined {
  try {
    return wishOf(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const wish = wished();
process.exitCode = wish ? await main(wish) : 1;
