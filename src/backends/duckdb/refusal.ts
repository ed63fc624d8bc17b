/** Why a file cannot be opened, with words that say what to do. */
import { readFileSync } from "node:fs";
import { ConfigError, ConnectionError, CorruptStateError, LockedError, StateError } from "../../errors.js";

/** `Conflicting lock is held in /usr/bin/node (PID 42)`, and on Windows `File is already open in C:\node.exe (PID 42)`. */
const HOLDER = /(?:lock is held in|already open in)\s+(.+?) \(PID (\d+)\)/;
const LOCK = /Could not set lock on file|used by another process/;
const FORBIDDEN = /Permission denied|Read-only file system|Operation not permitted|Access is denied/;
const NOT_THE_FILE =
  /No space left|Disk quota|File too large|Too many open files|Input\/output error|Cannot allocate|Out of Memory|failed to allocate/;

/** The StateError for what DuckDB, or reading the tables, threw while the file at `path` was opened. Nothing was written to it. */
export function refusalOf(path: string, error: unknown): StateError {
  if (error instanceof StateError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const holder = HOLDER.exec(detail);
  if (holder || LOCK.test(detail)) return lockedBy(path, Number(holder?.[2] ?? 0), holder?.[1], error);
  if (FORBIDDEN.test(detail))
    return new ConfigError(`duckdb.path: ${path} cannot be opened: ${detail}`, { cause: error });
  if (NOT_THE_FILE.test(detail)) return new ConnectionError(`${path} cannot be opened: ${detail}`, { cause: error });
  return damaged(path, detail, error);
}

export function damaged(path: string, detail: string, cause?: unknown): CorruptStateError {
  return new CorruptStateError(
    `${path} is not a state file that can be read: ${detail}\nIt was left as it is. Put back a copy of it (together with ${path}.wal, if there is one), or move both away to begin a new flow.`,
    { cause },
  );
}

/** `pid` 0: unknown. */
export function lockedBy(path: string, pid: number, program?: string, cause?: unknown): LockedError {
  const command = commandOf(pid) ?? program;
  const holder = pid === 0 ? "another process" : `process ${pid}${command ? ` (${command})` : ""}`;
  return new LockedError(
    `${path} is held by ${holder}; one process at a time can work on it: stop that one, or choose another duckdb.path`,
    { cause },
  );
}

/** The program with this pid, if the system tells it. */
function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim() || undefined;
  } catch {
    return undefined;
  }
}
