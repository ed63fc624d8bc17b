import { lstat } from "node:fs/promises";
import { errorCode } from "../error-code.js";
import { InvalidArgumentError } from "../errors.js";

/** Files that belong to a DuckDB file: a log with that name would be taken for the new file's. */
const BESIDE = ["", ".wal", ".acked"];

/** Throws an InvalidArgumentError if a new file cannot have this name. */
export async function assertFree(path: string): Promise<void> {
  for (const end of BESIDE) if (await isThere(path + end)) throw alreadyThere(path + end);
}

export function alreadyThere(path: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `path: ${path} is there already, and was left as it is: give each backup a name of its own, or remove it first`,
  );
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}
