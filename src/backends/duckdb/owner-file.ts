/** A file that says who holds another one, where there are no sockets: refused unless its owner is proven dead. */

import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { errorCode } from "../../error-code.js";

export interface Owner {
  readonly pid: number;
  /** When the process began, in ticks since the machine did; a pid is used again. */
  readonly started: string;
  readonly boot: string;
  /** The space that the pid is of: another container's cannot be looked at. */
  readonly space: string;
}

export function thisProcess(): Owner {
  return { pid: process.pid, started: startOf(process.pid) ?? "", boot: bootId(), space: pidSpace() };
}

/** Whether it is certain that the owner is gone: the machine was started anew, or its pid is free or another process's. */
export function isProvenDead({ pid, started, boot, space }: Owner): boolean {
  const here = thisProcess();
  if (here.boot === "" || boot === "") return false;
  if (boot !== here.boot) return true;
  if (space === "" || space !== here.space) return false;
  const now = startOf(pid);
  return now === undefined || now !== started;
}

/** Makes the file, all of it at once. Answers with its owner where there is one who may be alive. */
export function own(path: string): Owner | undefined {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify(thisProcess()), { flag: "wx", mode: 0o600 });
  try {
    for (let tries = 0; tries < 3; tries++) {
      try {
        linkSync(draft, path);
        return undefined;
      } catch (error) {
        if (errorCode(error) !== "EEXIST") throw error;
        const owner = ownerIn(path);
        if (!owner || !isProvenDead(owner)) return owner ?? { pid: 0, started: "", boot: "", space: "" };
        rmSync(path, { force: true });
      }
    }
    return { pid: 0, started: "", boot: "", space: "" };
  } finally {
    rmSync(draft, { force: true });
  }
}

function ownerIn(path: string): Owner | undefined {
  try {
    const told: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof told !== "object" || told === null) return undefined;
    const word = (name: string) => String(Reflect.get(told, name) ?? "");
    return { pid: Number(word("pid")), started: word("started"), boot: word("boot"), space: word("space") };
  } catch {
    return undefined;
  }
}

function startOf(pid: number): string | undefined {
  try {
    // The name of the program, in brackets, may hold anything: what counts stands after it.
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
