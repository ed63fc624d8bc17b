/**
 * `npm test [pattern...]`: runs every test/**\/*.test.ts whose path contains one of the patterns, each in a process of its own,
 * two at a time. (uvu's own command loads all files into one process: the servers of all of them would run at once, and a file
 * that hangs or crashes would take the others with it.) Exits with 1 when a test fails, or a file crashes or runs no test.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const AT_ONCE = 2;
const FILE_LIMIT_MS = 10 * 60_000;
const TICK_MS = 1_000;

/** What came of one file. */
interface Outcome {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
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
  return readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join("test", name))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort();
}

async function runFile(file: string): Promise<Outcome> {
  const since = performance.now();
  const child = spawn(process.execPath, ["--import", "tsx", file], {
    cwd: ROOT,
    env: { ...process.env, FORCE_COLOR: coloured ? "1" : "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.set(file, { child, since });
  showRunning();
  let output = "";
  let overdue = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
    });
  }
  const limit = setTimeout(() => {
    overdue = true;
    child.kill("SIGKILL");
  }, FILE_LIMIT_MS);
  const end = await new Promise<string>((settle) => {
    child.once("error", (error) => settle(`cannot be run: ${error.message}`));
    child.once("close", (code, signal) => settle(code === 0 ? "" : `ended with ${signal ?? `exit code ${code}`}`));
  });
  clearTimeout(limit);
  running.delete(file);
  const { total, passed, skipped } = counted(output);
  const fault = faultOf({ overdue, end, total, skipped });
  // A file that failed without a failed test counts as one.
  const failed = total - passed || (fault === "" ? 0 : 1);
  return { file, passed, failed, fault, output, ms: performance.now() - since };
}

function faultOf(run: { overdue: boolean; end: string; total: number; skipped: number }): string {
  if (run.overdue) return `took more than ${FILE_LIMIT_MS / 60_000} minutes`;
  if (run.end !== "") return run.end;
  if (run.total === 0) return "ran no test";
  return run.skipped > 0 ? `${run.skipped} tests were skipped` : "";
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
  print(`${output.trimEnd()}\n`);
  const why = fault === "" ? "" : `  (${fault})`;
  print(`${colour(31, "FAIL")}  ${file}  ${passed} passed, ${failed} failed  ${took}${why}`);
}

async function main(patterns: readonly string[]): Promise<number> {
  const files = testFiles(patterns);
  if (files.length === 0) {
    console.error(`no test file has ${patterns.join(" or ")} in its path`);
    return 1;
  }
  const ticking = screen ? setInterval(showRunning, TICK_MS) : undefined;
  const queue = files.values();
  const outcomes: Outcome[] = [];
  // The workers take turns at one queue.
  const work = async () => {
    for (const file of queue) {
      const outcome = await runFile(file);
      outcomes.push(outcome);
      report(outcome);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  clearInterval(ticking);
  const sum = (field: "passed" | "failed") => outcomes.reduce((total, outcome) => total + outcome[field], 0);
  print("");
  for (const { file, failed } of outcomes) if (failed > 0) print(colour(31, `failed: ${file}`));
  print(`${sum("passed")} passed, ${sum("failed")} failed`);
  return sum("failed") === 0 ? 0 : 1;
}

process.on("exit", () => {
  for (const { child } of running.values()) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

process.exitCode = await main(process.argv.slice(2));
