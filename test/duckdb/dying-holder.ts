/**
 * Opens a file, saves positions, closes it, and dies by SIGKILL before its n-th call of the system or of DuckDB:
 * `dying-holder.ts NAME PATH STEP CHANGES [WAITS] [DROPS]`. STEP -1: it lives, and prints how many calls there were.
 *
 * It begins when it is told a line, so that several can begin at once. STAYS: it closes at the next line, or at the end of its input.
 *
 * What it does stands in `PATH.story`, a line each, in the order in which it happened, other processes included: `NAME open`,
 * `NAME saved ID` for what was acknowledged, `NAME closes`. WAITS: it tries again until the file is free. DROPS: it copies the file that it holds
 * after each change that comes by itself, and after some of the others, which drops DuckDB's lock.
 */
import fs, { appendFileSync, copyFileSync, existsSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { Server, Socket } from "node:net";
import { createInterface } from "node:readline";
import { setImmediate } from "node:timers/promises";
import { DuckDBConnection, DuckDBInstance, DuckDBPreparedStatement } from "@duckdb/node-api";
import { LockedError, StateError } from "../../src/errors.js";
import { savePosition } from "../../src/operations/save-position.js";
import { backend } from "./backend.js";
import { position } from "./samples.js";

const [name = "", path = "", step = "", changes = "", ...more] = process.argv.slice(2);
const story = `${path}.story`;
const copy = `${path}.copy-of-${name}`;

/** A copy of the file takes longer than its change. */
const DROP_EVERY = 100;

const writeLine = appendFileSync;
const copyWhole = copyFileSync;

let steps = 0;
let isBegun = false;

function countCalls(owner: object, names: readonly string[]): void {
  for (const method of names) {
    const before: unknown = Reflect.get(owner, method);
    if (typeof before !== "function") throw new TypeError(`there is no ${method}`);
    Reflect.set(owner, method, function (this: unknown, ...args: unknown[]): unknown {
      if (isBegun && steps++ === Number(step)) process.kill(process.pid, "SIGKILL");
      return Reflect.apply(before, this, args);
    });
  }
}

countCalls(fs, [
  "rmSync",
  "renameSync",
  "chmodSync",
  "openSync",
  "closeSync",
  "lstatSync",
  "statSync",
  "writeSync",
  "fdatasyncSync",
  "readFileSync",
  "futimesSync",
]);
countCalls(fs.promises, ["open", "rename", "rm", "stat", "chmod", "link", "realpath", "access"]);
// Whoever asks a socket; whoever binds one, gives it its name, answers at it, and takes it away.
countCalls(Socket.prototype, ["connect", "write", "end"]);
countCalls(Server.prototype, ["listen", "close"]);
countCalls(DuckDBConnection.prototype, ["run", "closeSync"]);
countCalls(DuckDBPreparedStatement.prototype, ["run"]);
countCalls(DuckDBInstance, ["create"]);
countCalls(DuckDBInstance.prototype, ["connect", "closeSync"]);
syncBuiltinESMExports();

function tell(what: string): void {
  writeLine(story, `${name} ${what}\n`);
}

/** DuckDB's log, which is another one after each checkpoint, has a lock of its own. */
function dropLocks(): void {
  if (!more.includes("DROPS")) return;
  for (const end of ["", ".wal"]) if (existsSync(path + end)) copyWhole(path + end, copy);
}

const told = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
console.log("ready");
await told.next();
isBegun = true;

const bot = backend(path, { maxEvents: 10 }, { commits: 3 });
for (;;) {
  try {
    await bot.connect();
    break;
  } catch (error) {
    if (!(error instanceof LockedError)) {
      console.log(error instanceof StateError ? `${error.code} ${error.message.replaceAll("\n", " ")}` : String(error));
      process.exit(1);
    }
    if (!more.includes("WAITS")) {
      console.log(`refused ${steps}`);
      process.exit(0);
    }
    await setImmediate();
  }
}
tell("open");
console.log("open");
dropLocks();
const save = async (id: string) => {
  await bot.execute(savePosition, position(id), "");
  tell(`saved ${id}`);
};
// One by one, so that there are commits to die in; then all at once.
for (let n = 0; n < 5; n++) {
  await save(`${name}-${n}`);
  dropLocks();
}
await Promise.all(
  Array.from({ length: Number(changes) }, async (_, n) => {
    await save(`${name}-more-${n}`);
    if (n % DROP_EVERY === 0) dropLocks();
  }),
);
if (more.includes("STAYS")) await told.next();
tell("closes");
await bot.close();
console.log(`closed ${steps}`);
process.exit(0);
