/**
 * One process at a time uses a file. A process puts a claim into the folder `FILE.lock`, and owns the file once no other living process has a claim. A
 * claim's name says whose it is and is never used again: anybody may remove claims of dead processes.
 */
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { errorCode } from "../../src/error-code.js";
import { LockedError } from "../../src/errors.js";

const PATIENCE_MS = 5_000;
const PAUSE_MS = 5;
const HELD = "held";
const CLAIM = /^(\d+)-(\d+)-([^-]+)-([^-]+)-[0-9a-f]+-(.+)$/;

/** Claims the file at `path`. Throws a LockedError that names the process that owns it. Call the result to release it. */
export function claim(path: string): () => void {
  const folder = `${path}.lock`;
  const name = ownName();
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    mkdirSync(folder, { recursive: true });
    let rival = inTheWay(folder, name);
    if (rival === undefined && makeClaim(folder, name)) {
      rival = waitFirst(folder, name, deadline);
      if (rival === undefined) {
        appendFileSync(join(folder, name), HELD);
        return () => withdraw(folder, name);
      }
      withdraw(folder, name);
    }
    if (rival && (rival.held || performance.now() > deadline)) throw lockedBy(path, folder, rival.name);
    pause();
  }
}

interface Rival {
  readonly name: string;
  /** True: the process owns the file; false: it only waits for it. */
  readonly held: boolean;
}

/** The owner of the file, or else another one that waits for it. */
function inTheWay(folder: string, own: string): Rival | undefined {
  const rivals = rivalsOf(folder, own);
  return rivals.find(({ held }) => held) ?? rivals[0];
}

/** After the own claim was made: waits while all others only wait, too, and come after this one. Undefined: nobody else is left. */
function waitFirst(folder: string, own: string, deadline: number): Rival | undefined {
  for (;;) {
    const rival = inTheWay(folder, own);
    if (!rival || rival.held || rival.name < own || performance.now() > deadline) return rival;
    pause();
  }
}

function rivalsOf(folder: string, own: string): Rival[] {
  const rivals: Rival[] = [];
  for (const name of namesIn(folder)) {
    if (name === own || !CLAIM.test(name)) continue;
    if (!lives(name)) remove(folder, name);
    else rivals.push({ name, held: contentOf(join(folder, name)) === HELD });
  }
  return rivals.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Empty if another process has just removed the folder. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** False if another process has just removed the folder. */
function makeClaim(folder: string, name: string): boolean {
  try {
    closeSync(openSync(join(folder, name), "wx"));
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

function withdraw(folder: string, name: string): void {
  remove(folder, name);
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes(errorCode(error) ?? "")) throw error;
  }
}

function remove(folder: string, name: string): void {
  try {
    unlinkSync(join(folder, name));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}

/** pid, its start, the boot, the pid namespace, a random part, the host. */
function ownName(): string {
  const start = startOf(process.pid) ?? 0;
  return [process.pid, start, boot(), processSpace(), randomBytes(4).toString("hex"), host()].join("-");
}

/** Whether the process of a claim may be alive: true if that cannot be seen from here. */
function lives(name: string): boolean {
  const [, pid = "", start = "", since = "", space = "", where = ""] = CLAIM.exec(name) ?? [];
  if (where !== host()) return true;
  if (since !== boot()) return false;
  if (space !== processSpace()) return true;
  if (start !== "0") return startOf(Number(pid)) === Number(start);
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/** When a process started, in ticks since boot, if the system tells it; undefined if it is gone, or a zombie. */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ended = fields[0] === "Z" || fields[0] === "X";
    if (ended && readdirSync(`/proc/${pid}/task`).length <= 1) return undefined;
    return Number(fields[19]);
  } catch {
    return undefined;
  }
}

function boot(): string {
  return systemWord(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8));
}

function processSpace(): string {
  return systemWord(() => readlinkSync("/proc/self/ns/pid").replace(/\D/g, ""));
}

function host(): string {
  return hostname().replace(/[^A-Za-z0-9_.-]/g, "_");
}

function systemWord(read: () => string): string {
  try {
    return read();
  } catch {
    return "0";
  }
}

function lockedBy(path: string, folder: string, name: string): LockedError {
  const [, pid = "", , , space = "", where = ""] = CLAIM.exec(name) ?? [];
  const here = where === host() && space === processSpace();
  const who = Number(pid) === process.pid && here ? "this process" : `process ${pid}${commandOf(pid, here)}`;
  const advice = here ? "close it there first" : `if that one is gone, remove ${join(folder, name)}`;
  return new LockedError(
    `${path} is held by ${who}${here ? "" : ` on ${where}`}; one at a time can work on it: ${advice}`,
  );
}

function commandOf(pid: string, here: boolean): string {
  const command = here ? contentOf(`/proc/${pid}/cmdline`).split("\0").join(" ").trim() : "";
  return command === "" ? "" : ` (${command})`;
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
