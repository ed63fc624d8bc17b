/**
 * What was sent and what is still to be sent, in a small file. It is written before something is sent, and again afterwards. A process that ends in between
 * sends it again under the same id: at least once.
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
  /** When it was sent last, ms. */
  told: z.number(),
  /** How often it was sent. */
  turn: z.int(),
  /** The alert as it was sent, for the one that says it is over. */
  alert,
  /** Since when it is absent, ms; undefined while it lasts. */
  gone: z.number().exactOptional(),
});

/** What was seen and not sent yet, since it has to last first. */
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

/** Rejects with a CorruptStateError if the file has other content. */
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
    throw new CorruptStateError(`${path} is not a file of sf-state alert`, { cause });
  }
}

/** Replaces the file as a whole: after a crash, even of the machine, either the old or the new one is there. */
export async function writeTold(path: string, told: Told): Promise<void> {
  await replaceFile(path, `${JSON.stringify(told)}\n`, { durable: true });
}
