/**
 * `npm test [pattern...]`: runs every test/**\/*.test.ts, or those whose path contains one of the patterns, each in a process of
 * its own, some at a time. (uvu's own command loads all files into one process: the servers of all of them would run at once, and
 * a file that hangs or crashes would take the others with it.) A failed test is told when it fails, the output of a failed file at its
 * end. Exits with 1 when a test fails, or a file crashes, falls silent, runs no test, or skips one without saying why.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { compile } from "./run/compile.js";
import { toldBy } from "./run/words.js";
import { knownRedisBinary, redisBinary } from "./servers/redis-binary.cjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** One more than there are cores: many files wait for timers, disks and replies half of their time. */
const AT_ONCE = availableParallelism() + 1;
/** A file is killed when it prints nothing for so long; uvu prints a dot for every test. */
const SILENCE_LIMIT_MS = 4 * 60_000;
const TICK_MS = 1_000;

/** The files that take longest begin first, so that the workers end together. */
const LONGEST_FIRST: readonly string[] = [
  "test/contract/duckdb.test.ts",
  "test/demo.test.ts",
  "test/faults.test.ts",
  "test/duckdb.test.ts",
  "test/page/browser/page.test.ts",
  "test/lua.test.ts",
  "test/migrations.test.ts",
  "test/admission.test.ts",
  "test/sync/recovery.test.ts",
  "test/connection.test.ts",
  "test/standby.test.ts",
  "test/differential.test.ts",
  "test/lease.test.ts",
  "test/cli/looking.test.ts",
  "test/sync/recovery-crash.test.ts",
  "test/transfer-killing.test.ts",
  "test/multi-process.test.ts",
  "test/cli/duckdb.test.ts",
  "test/cli/wrong-use.test.ts",
  "test/cli/recover.test.ts",
  "test/sync/recovery-kill.test.ts",
  "test/cli/held.test.ts",
  "test/cli/hostile-texts.test.ts",
  "test/duckdb-killing.test.ts",
  "test/cli/template.test.ts",
  "test/cli/reporting.test.ts",
  "test/cli-moving.test.ts",
];

/** Compilers and installers that run for a minute, and what other files test in full: `npm run test:package`, `npm run servers`. */
const BY_NAME_ONLY: readonly string[] = [
  "test/package.test.ts",
  "test/operations/new-operation.test.ts",
  "test/releases/short.test.ts",
];

/** What came of one file. */
interface Outcome {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  /** Tests that were left out, each with the reason. */
  readonly skipped: readonly string[];
  /** Why the file failed as a whole; "" when it did not. */
  readonly fault: string;
  readonly output: string;
  readonly ms: number;
}

const screen = process.stdout.isTTY === true;
const coloured = screen && process.env.NO_COLOR === undefined;
const running = new Map<string, { readonly child: ChildProcess; readonly since: number }>();

function colour(code: number, text: string): string {
  return coloured ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** Prints a line above the one that says what is running. */
function print(line: string): void {
  process.stdout.write(screen ? `\r\u001b[K${line}\n` : `${line}\n`);
  showRunning();
}

function showRunning(): void {
  if (!screen) return;
  const now = performance.now();
  const names = [...running].map(([file, { since }]) => `${file} ${Math.round((now - since) / 1000)} s`).join("   ");
  const line = names.slice(0, (process.stdout.columns || 80) - 1);
  process.stdout.write(`\r\u001b[K${line === "" ? "" : colour(90, line)}`);
}

function testFiles(patterns: readonly string[]): string[] {
  const gone = [...LONGEST_FIRST, ...BY_NAME_ONLY].filter((file) => !existsSync(join(ROOT, file)));
  if (gone.length > 0) throw new Error(`test/run.ts names files that are gone: ${gone.join(", ")}`);
  const others = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join("test", name))
    .sort();
  return [...new Set([...LONGEST_FIRST, ...others])].filter((file) =>
    patterns.length === 0 ? !BY_NAME_ONLY.includes(file) : patterns.some((each) => file.includes(each)),
  );
}

async function runFile(file: string, compiled: string): Promise<Outcome> {
  const since = performance.now();
  const child = spawn(
    process.execPath,
    ["--import", "./test/run/compiled.mjs", "--import", "./test/run/register.mjs", file],
    {
      cwd: ROOT,
      env: { ...process.env, FORCE_COLOR: coloured ? "1" : "0", SF_COMPILED: compiled },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  running.set(file, { child, since });
  showRunning();
  let output = "";
  let silent = false;
  const impatience = setTimeout(() => {
    silent = true;
    child.kill("SIGKILL");
  }, SILENCE_LIMIT_MS);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
      impatience.refresh();
    });
  }
  const skipped: string[] = [];
  createInterface(child.stdout).on("line", (line) => {
    const told = toldBy(line);
    if (told?.what === "skipped") skipped.push(told.text);
    if (told?.what === "failed") print(`${colour(31, "fails")} ${file}: ${told.text}`);
    if (told?.what === "figure") print(`${colour(90, "tells")} ${file}: ${told.text}`);
    if (told?.what === "took") print(`${colour(90, "slow")}  ${file}: ${told.text}`);
  });
  const end = await new Promise<string>((settle) => {
    child.once("error", (error) => settle(`cannot be run: ${error.message}`));
    child.once("close", (code, signal) => settle(code === 0 ? "" : `ended with ${signal ?? `exit code ${code}`}`));
  });
  clearTimeout(impatience);
  running.delete(file);
  const sums = counted(output);
  const fault = faultOf({ silent, end, total: sums.total, unexplained: sums.skipped - skipped.length });
  // A file that failed without a failed test counts as one.
  const failed = sums.total - sums.passed || (fault === "" ? 0 : 1);
  return { file, passed: sums.passed, failed, skipped, fault, output, ms: performance.now() - since };
}

function faultOf(run: { silent: boolean; end: string; total: number; unexplained: number }): string {
  if (run.silent) return `printed nothing for ${SILENCE_LIMIT_MS / 60_000} minutes`;
  if (run.end !== "") return run.end;
  if (run.total === 0) return "ran no test";
  return run.unexplained > 0 ? `${run.unexplained} tests were skipped without a reason: use test/skip.ts` : "";
}

/** The sums that uvu prints at the end of a file. */
function counted(output: string): { total: number; passed: number; skipped: number } {
  const plain = stripVTControlCharacters(output);
  const sum = (name: string) =>
    Number([...plain.matchAll(new RegExp(`^ {2}${name}: +(\\d+)$`, "gm"))].at(-1)?.[1] ?? 0);
  return { total: sum("Total"), passed: sum("Passed"), skipped: sum("Skipped") };
}

function report({ file, passed, failed, fault, output, ms }: Outcome): void {
  const took = colour(90, `${(ms / 1000).toFixed(1)} s`);
  if (failed === 0) {
    print(`${colour(32, "ok")}    ${file}  ${passed} passed  ${took}`);
    return;
  }
  for (const line of output.trimEnd().split("\n")) print(`${colour(90, `${file} |`)} ${line}`);
  const why = fault === "" ? "" : `  (${fault})`;
  print(`${colour(31, "FAIL")}  ${file}  ${passed} passed, ${failed} failed  ${took}${why}`);
}

async function main(patterns: readonly string[]): Promise<number> {
  const files = testFiles(patterns);
  if (files.length === 0) {
    console.error(`no test file has ${patterns.join(" or ")} in its path`);
    return 1;
  }
  findServer();
  const compiled = await compile(ROOT);
  const ticking = screen ? setInterval(showRunning, TICK_MS) : undefined;
  const queue = files.values();
  const outcomes: Outcome[] = [];
  // The workers take turns at one queue.
  const work = async () => {
    for (const file of queue) {
      const outcome = await runFile(file, compiled);
      outcomes.push(outcome);
      report(outcome);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  clearInterval(ticking);
  const sum = (field: "passed" | "failed") => outcomes.reduce((total, outcome) => total + outcome[field], 0);
  print("");
  for (const { file, skipped } of outcomes) for (const test of skipped) print(`skipped: ${file}: ${test}`);
  for (const { file, failed } of outcomes) if (failed > 0) print(colour(31, `failed: ${file}`));
  print(`${sum("passed")} passed, ${sum("failed")} failed`);
  return sum("failed") === 0 ? 0 : 1;
}

/** Where no Redis is installed, one is fetched or built: once, for all files, and not in the silence of one of them. */
function findServer(): void {
  if (knownRedisBinary() !== undefined) return;
  console.log("no redis-server on the PATH: fetching one");
  try {
    redisBinary();
  } catch {
    // The tests that need it say what to install; the others run.
  }
}

process.on("exit", () => {
  for (const { child } of running.values()) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

process.exitCode = await main(process.argv.slice(2));
