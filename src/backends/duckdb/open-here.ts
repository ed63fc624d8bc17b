import { readdirSync, statSync } from "node:fs";

/**
 * The files that this process has open, by device and inode. DuckDB's lock keeps other processes out, but not this one: POSIX
 * gives a process every lock that it has already, and takes them all away when it closes the file anywhere.
 */
const claimed = new Set<string>();

/** Claims the file at `path`, which exists; undefined when this process has it open. Call the result to let it go. */
export function claim(path: string): (() => void) | undefined {
  const identity = identityOf(path);
  if (claimed.has(identity) || opened().includes(identity)) return undefined;
  claimed.add(identity);
  return () => claimed.delete(identity);
}

function identityOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** Every file this process has open, where the system tells: other threads, whose `claimed` is not this one, hold theirs too. */
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
