import { readdirSync, statSync } from "node:fs";

/**
 * The files that this process has open, by device and inode. DuckDB's lock keeps out other processes, but not this one: POSIX grants a process every lock
 * that it already has, and removes them all when the process closes the file anywhere.
 */
const claimed = new Set<string>();

/** Claims the file at `path`, which exists; undefined if this process has it open already. Call the result to release it. */
export function claim(path: string): (() => void) | undefined {
  const identity = identityOf(path);
  if (claimed.has(identity) || opened().includes(identity)) return undefined;
  claimed.add(identity);
  return () => claimed.delete(identity);
}

/** Whether this process has the file at `path` open. */
export function isOpenHere(path: string): boolean {
  try {
    return claimed.has(identityOf(path));
  } catch {
    return false; // there is none
  }
}

function identityOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** Every file that this process has open, if the system tells it. Other threads have a `claimed` of their own. */
function opened(): string[] {
  try {
    return readdirSync("/proc/self/fd").map((fd) => {
      try {
        return identityOf(`/proc/self/fd/${fd}`);
      } catch {
        return "";
      }
    });
  } catch {
    return [];
  }
}
