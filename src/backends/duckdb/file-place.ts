/** The place of a flow's file, and whether there can be a file. */
import { access, constants, mkdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { errorCode } from "../../error-code.js";
import { ConfigError } from "../../errors.js";
import { damaged } from "./refusal.js";

export interface FilePlace {
  /** The path without symbolic links: DuckDB keeps its log beside the path that it is given. */
  readonly path: string;
  readonly exists: boolean;
}

/**
 * Makes the folder when it is missing, unless the file has to exist already. Throws a ConfigError when there cannot be a file that
 * can be written.
 */
export async function placeOf(given: string, existing = false): Promise<FilePlace> {
  const folder = dirname(resolve(given));
  if (existing && !(await allowed(given, "look at it", present(folder))))
    return { path: resolve(given), exists: false };
  const wish = join(await allowed(given, "write in its folder", writableFolder(folder)), basename(given));

  const found = await allowed(given, "look at it", present(wish));
  if (!found) {
    if (await present(`${wish}.wal`)) throw damaged(wish, `it is missing, but its log ${wish}.wal is there`);
    return { path: wish, exists: false };
  }
  if (!found.isFile()) {
    const kind = found.isDirectory() ? "a folder" : "not a regular file";
    throw new ConfigError(`duckdb.path: expected the path of a file, got ${given}, which is ${kind}`);
  }
  const path = await realpath(wish);
  await allowed(given, "write it", access(path, constants.R_OK | constants.W_OK));
  await allowed(given, "write in its folder", access(dirname(path), constants.W_OK));
  return { path, exists: true };
}

async function writableFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await access(folder, constants.W_OK);
  return realpath(folder);
}

/** What is at a path; undefined if there is nothing. */
async function present(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function allowed<Result>(given: string, purpose: string, step: Promise<Result>): Promise<Result> {
  try {
    return await step;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`duckdb.path: ${given}: cannot ${purpose}: ${reason}`, { cause: error });
  }
}
