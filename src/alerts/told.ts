/**
 * What was told and what is still to be told, in a small file: written before anything is sent, and after it was. Whoever ends between the two sends
 * again, under the same id: at least once.
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { errorCode } from "../error-code.js";
import { CorruptStateError } from "../errors.js";
import { replaceFile } from "../replace-file.js";
import { URGENCIES, WANT_KINDS } from "../wants/wants.js";
import { errorText } from "../words/error-text.js";

const alert = z.object({
  id: z.string(),
  state: z.enum(["new", "lasts", "resolved"]),
  flow: z.string(),
  kind: z.enum(WANT_KINDS),
  urgency: z.enum(URGENCIES),
  account: z.string().exactOptional(),
  since: z.string().exactOptional(),
  at: z.string(),
  text: z.string(),
});

const standing = z.object({
  /** When it was told last, ms. */
  told: z.number(),
  /** How often it was told. */
  turn: z.int(),
  /** The alert that told it, for the one that tells it is over. */
  alert,
  /** Since when it is not there any more, ms; absent while it is. */
  gone: z.number().exactOptional(),
});

/** What was seen and is not told yet: it has to last. */
const settling = z.object({ seen: z.number(), gone: z.number().exactOptional() });

const stored = z.object({
  standing: z.record(z.string(), standing),
  settling: z.record(z.string(), settling).default({}),
  queue: z.array(alert),
});

export type Told = z.output<typeof stored>;

export function nothingTold(): Told {
  return { standing: {}, settling: {}, queue: [] };
}

/** Rejects with a CorruptStateError when the file holds something else. */
export async function readTold(path: string): Promise<Told> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return nothingTold();
    throw new CorruptStateError(`${path}: ${errorText(cause)}`, { cause });
  }
  try {
    return stored.parse(JSON.parse(text));
  } catch (cause) {
    throw new CorruptStateError(`${path} is no file of sf-state alert: move it away to begin anew`, { cause });
  }
}

/** The old one or the new one is there, whatever happens meanwhile, to the machine too. */
export async function writeTold(path: string, told: Told): Promise<void> {
  await replaceFile(path, `${JSON.stringify(told)}\n`, { durable: true });
}
