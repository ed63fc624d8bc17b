/** Where a paper exchange is served. */
import { createHash } from "node:crypto";
import { lstatSync } from "node:fs";
import { resolve } from "node:path";
import { errorCode } from "../../../src/error-code.js";
import { InvalidArgumentError } from "../../../src/errors.js";
import * as check from "../../../src/manager/check.js";

/** The longest socket path that every system takes; some cut a longer one without an error. */
const MOST_BYTES = 103;

export function socketPath(field: string, value: unknown, platform = process.platform): string {
  const path = check.id(field, value);
  const bytes = Buffer.byteLength(path);
  if (platform !== "win32" && bytes > MOST_BYTES)
    throw new InvalidArgumentError(`${field}: expected a path of at most ${MOST_BYTES} bytes, got ${bytes}: ${path}`);
  return path;
}

/** The address that Node connects to: a socket in the file system; on Windows a named pipe of that path (not tested there). */
export function addressOf(path: string, platform = process.platform): string {
  if (platform !== "win32") return path;
  return `\\\\.\\pipe\\signalflow-${createHash("sha256").update(resolve(path)).digest("hex").slice(0, 32)}`;
}

/** The default address at which the exchange in a file is served. */
export function besideFile(file: string): string {
  return `${file}.sock`;
}

/** What is at a path in the file system. */
export function kindAt(path: string): "socket" | "other" | undefined {
  try {
    return lstatSync(path).isSocket() ? "socket" : "other";
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
