import { mkdir, readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import * as z from "zod";
import { errorCode } from "../error-code.js";
import { ConfigError, CorruptStateError } from "../errors.js";
import { replaceFile } from "../replace-file.js";
import { errorText } from "../words/error-text.js";
import type { Mark } from "./mark.js";

const markSchema = z.object({
  flow: z.string(),
  epoch: z.string(),
  id: z.string().regex(/^\d{1,15}-\d{1,15}$/),
  entries_added: z.int().min(0),
  went_back: z.string().exactOptional(),
});

/**
 * The mark in a file; undefined if there is none. Rejects with a CorruptStateError if it cannot be read, and with a ConfigError if it is another flow's or
 * the path is wrong.
 */
export async function readMark(path: string, flow: string): Promise<Mark | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined;
    throw (
      unusable(path, cause) ??
      new CorruptStateError(`the mark ${path} cannot be read: ${errorText(cause)}. ${NO_MARK}`, { cause })
    );
  }
  let mark: Mark;
  try {
    mark = markSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CorruptStateError(`${path} holds no mark that this version can read. ${NO_MARK}`, { cause });
  }
  if (mark.flow === flow) return mark;
  throw new ConfigError(
    `config.mark.path: expected a file for flow ${flow} alone, got ${path}, which is the mark of flow ${mark.flow}; {flow_id} in the path is replaced`,
  );
}

const NO_MARK =
  'Whether the state went back cannot be told without it: connect({ accept: "went_back" }) connects with entries blocked, and recover sets a new mark.';

/** Errors that waiting does not cure: the path is wrong, or this process may not use the folder. */
const HOPELESS: readonly (string | undefined)[] = ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EISDIR", "ENAMETOOLONG"];

/** A ConfigError if trying again does not help; otherwise undefined. */
export function unusable(path: string, error: unknown): ConfigError | undefined {
  if (!HOPELESS.includes(errorCode(error))) return undefined;
  return new ConfigError(
    `config.mark.path: expected a file that can be read and written, got ${path}: ${errorText(error)}`,
    {
      cause: error,
    },
  );
}

/** Writes the mark so that it survives a power cut. A reader finds the old one or the new one, never half of one. */
export async function writeMark(path: string, mark: Mark): Promise<void> {
  await mkdir(dirname(resolve(path)), { recursive: true });
  await replaceFile(path, `${JSON.stringify(mark)}\n`, { durable: true });
}
