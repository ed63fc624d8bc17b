/**
 * Does a DuckDB file stay small, and the process that holds it, when the same rows change again and again?
 *
 *   npm run soak:duckdb -- --updates 1000000 --in-flight 64
 *
 * Prints a table along the way; exits with 1 when a bound is broken.
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { StateManager } from "../../src/manager/state-manager.js";

const MB = 1024 * 1024;
/** Most that the file, its log, and the growth of the process after the first fifth may take. */
const BOUNDS = { file: 16 * MB, log: 32 * MB, growth: 128 * MB };
const POSITIONS = 20;
const LINES = 20;

const { values } = parseArgs({
  options: {
    updates: { type: "string", default: "1000000" },
    "in-flight": { type: "string", default: "64" },
  },
});
const updates = count("--updates", values.updates);
const inFlight = count("--in-flight", values["in-flight"]);

const folder = await mkdtemp(join(tmpdir(), "sf-soak-"));
const path = join(folder, "soak.db");
const broken: string[] = [];
try {
  await soak();
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (broken.length > 0) {
  console.error(broken.join("\n"));
  process.exitCode = 1;
} else {
  console.log("\nbounded");
}

async function soak(): Promise<void> {
  const manager = await StateManager.open("soak", { backend: "duckdb", duckdb: { path } });
  let done = 0;
  let warm: number | undefined;
  const start = performance.now();
  console.log("    updates    per s    file MB     log MB     RSS MB");

  for (let line = 1; line <= LINES; line++) {
    const goal = Math.round((updates * line) / LINES);
    const work = async () => {
      while (done < goal) {
        await update(manager, done++);
        if (done % 1000 === 0) progress(done);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, work));

    const sizes = { file: await sizeOf(path), log: await sizeOf(`${path}.wal`), rss: process.memoryUsage().rss };
    if (line >= LINES / 5) warm ??= sizes.rss;
    const growth = sizes.rss - (warm ?? sizes.rss);
    report(done, (done / (performance.now() - start)) * 1000, sizes);
    check("the file", sizes.file, BOUNDS.file);
    check("its log", sizes.log, BOUNDS.log);
    check("the growth of the process", growth, BOUNDS.growth);
    if (broken.length > 0) break;
  }

  await manager.close();
  const closed = await sizeOf(path);
  console.log(`closed: ${inMb(closed)} MB`);
  check("the closed file", closed, BOUNDS.file);
}

/** Some change of a row that changed before. */
async function update(manager: StateManager, n: number): Promise<unknown> {
  if (n % 10 === 0) return manager.heartbeat();
  if (n % 10 === 1) return manager.updateEquity(10_000 + (n % 100));
  if (n % 10 === 2) return manager.setCooldown("BTC/USDT", 60_000 + n);
  return manager.savePosition({
    id: `position-${n % POSITIONS}`,
    pair: "BTC/USDT",
    side: "long",
    size: n + 0.1,
    entryPrice: 43_250.5,
    metadata: { strategy: "trend", update: n },
  });
}

function check(what: string, size: number, bound: number): void {
  if (size > bound) broken.push(`${what} took ${inMb(size)} MB, expected at most ${inMb(bound)} MB`);
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

function report(done: number, rate: number, sizes: { file: number; log: number; rss: number }): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  const cells = [String(done), rate.toFixed(0), inMb(sizes.file), inMb(sizes.log), inMb(sizes.rss)];
  console.log(
    [cells[0]?.padStart(11), cells[1]?.padStart(8), ...cells.slice(2).map((cell) => cell.padStart(10))].join(" "),
  );
}

function progress(done: number): void {
  if (!process.stderr.isTTY) return;
  const width = 40;
  const full = Math.round((done / updates) * width);
  process.stderr.write(`\r${"#".repeat(full)}${".".repeat(width - full)} ${Math.floor((done / updates) * 100)} %`);
}

function inMb(bytes: number): string {
  return (bytes / MB).toFixed(1);
}

function count(option: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  console.error(`${option}: expected a whole number above 0, got ${JSON.stringify(value)}`);
  process.exit(2);
}
