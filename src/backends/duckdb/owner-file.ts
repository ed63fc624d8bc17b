/** A file that says who holds another one, for places without sockets. It is respected unless its owner is proven dead. */

import { createHash, randomUUID } from "node:crypto";
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { errorCode } from "../../error-code.js";

export interface Owner {
  readonly pid: number;
  /** When the process began, in ticks since the machine started. A pid may be used again. */
  readonly started: string;
  readonly boot: string;
  /** The pid's namespace: processes of another container cannot be looked at. */
  readonly space: string;
}

export function thisProcess(): Owner {
  return { pid: process.pid, started: startOf(process.pid) ?? "", boot: bootId(), space: pidSpace() };
}

/** Whether it is certain that the owner is gone: the machine was restarted, or the pid is free or another process's. */
export function isProvenDead({ pid, started, boot, space }: Owner): boolean {
  const here = thisProcess();
  if (here.boot === "" || boot === "") return false;
  if (boot !== here.boot) return true;
  if (space === "" || space !== here.space) return false;
  const now = startOf(pid);
  return now === undefined || now !== started;
}

/** Errors of file systems that have no second names for a file. */
const WITHOUT_LINKS = /^(?:EPERM|EACCES|EOPNOTSUPP|ENOTSUP|ENOSYS|EMLINK)$/;

/**
 * Makes the file in one step. Answers with the file's owner if there is one who may be alive; undefined: the file is ours.
 *
 * To replace a dead owner's file, a process must first own another file, which is the right to replace it and is named after its text. So of two processes
 * that find the owner dead, the later one can neither remove nor replace the file of the earlier one.
 */
export function own(path: string): Owner | undefined {
  const nonce = randomUUID();
  const draft = `${path}.${nonce}`;
  const told = JSON.stringify({ ...thisProcess(), nonce });
  writeFileSync(draft, told, { flag: "wx", mode: 0o600 });
  try {
    for (;;) {
      if (named(draft, path, told)) return undefined;
      const found = textIn(path);
      if (found === undefined) continue; // the owner removed it meanwhile
      const owner = ownerIn(found);
      if (!owner || !isProvenDead(owner)) return owner ?? UNKNOWN;
      const right = rightToReplace(path, found);
      const rival = own(right);
      if (rival) return rival;
      try {
        if (textIn(path) === found) {
          renameSync(draft, path);
          return undefined;
        }
      } finally {
        rmSync(right, { force: true });
      }
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Path of the file whose owner may replace that one, as long as its text is unchanged. */
export function rightToReplace(path: string, found: string): string {
  return `${path}.after-${createHash("sha256").update(found).digest("hex").slice(0, 16)}`;
}

/** The file's owner, if it is not proven dead; undefined if there is none. */
export function livingOwner(path: string): Owner | undefined {
  const found = textIn(path);
  if (found === undefined) return undefined;
  const owner = ownerIn(found) ?? UNKNOWN;
  return isProvenDead(owner) ? undefined : owner;
}

const UNKNOWN: Owner = { pid: 0, started: "", boot: "", space: "" };

/** Gives the draft its name unless that is taken. Without links it is written under that name, which nobody else can make then. */
function named(draft: string, path: string, told: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    if (!WITHOUT_LINKS.test(errorCode(error) ?? "")) throw error;
  }
  try {
    writeFileSync(path, told, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

function textIn(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Undefined if the text cannot be read. */
function ownerIn(text: string): Owner | undefined {
  try {
    const told: unknown = JSON.parse(text);
    if (typeof told !== "object" || told === null) return undefined;
    const word = (name: string) => String(Reflect.get(told, name) ?? "");
    return { pid: Number(word("pid")), started: word("started"), boot: word("boot"), space: word("space") };
  } catch {
    return undefined;
  }
}

function startOf(pid: number): string | undefined {
  try {
    // The program's name, in brackets, may hold anything: the rest is read after it.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

function pidSpace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
