/** The bodies of changes, checked. */
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { Refusal } from "./refusal.js";

/** Longer bodies are refused, in bytes. */
const LONGEST = 64 * 1024;

/** Reads a body as JSON that fits the schema. Rejects with a Refusal that names the first wrong field. */
export async function bodyOf<Body>(request: IncomingMessage, schema: z.ZodType<Body>): Promise<Body> {
  const text = await textOf(request);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal(400, "bad_request", "the body is no JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refusal(400, "bad_request", `${issue?.path.join(".") || "the body"}: ${issue?.message ?? "wrong"}`);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const tooLong = () => new Refusal(413, "request", `the body has more than ${LONGEST} bytes`, { connection: "close" });
  if (Number(request.headers["content-length"] ?? 0) > LONGEST) throw tooLong();
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of request) {
      const bytes: Buffer = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece));
      length += bytes.length;
      if (length > LONGEST) throw tooLong();
      pieces.push(bytes);
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, "bad_request", "the body broke off"); // who sent it is gone: no fault of this server
  }
  return Buffer.concat(pieces).toString("utf8");
}

const words = z.string().max(2_000);
const id = z.string().min(1).max(512);
const amount = z.number();

export const tripBody = z.strictObject({
  confirm: words,
  reason: words.refine((text) => text.trim() !== "", "say why"),
  for: z.string().max(64).optional(),
});
export const resetBody = z.strictObject({ confirm: words, reason: words.optional() });
export const cancelBody = z.strictObject({ orderId: id, releaseSignal: z.boolean().optional() });
export const resolveBody = z.discriminatedUnion("is", [
  z.strictObject({
    is: z.literal("filled"),
    orderId: id,
    fillId: id,
    price: amount,
    size: amount,
    fee: amount.optional(),
    feeCurrency: z.string().max(64).optional(),
    feeRate: amount.optional(),
    rate: amount.optional(),
    ts: z.iso.datetime({ offset: true }).optional(),
    overfill: z.boolean().optional(),
    cancelled: z.boolean().optional(),
  }),
  z.strictObject({ is: z.literal("cancelled"), orderId: id }),
  z.strictObject({ is: z.literal("never_arrived"), orderId: id, releaseSignal: z.boolean().optional() }),
  z.strictObject({ is: z.literal("open"), orderId: id }),
]);
export const approveBody = z.strictObject({ hash: id });
export const breakLeaseBody = z.strictObject({ token: z.int().positive() });
export const pruneBody = z.strictObject({
  instances: z
    .array(z.strictObject({ id, lastHeartbeat: z.iso.datetime({ offset: true }) }))
    .min(1)
    .max(1_000),
});
