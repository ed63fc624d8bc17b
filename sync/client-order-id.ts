/** Client order ids that anybody who resumes a recovery derives alike: 32 letters and digits, as every exchange takes them. */
import { createHash } from "node:crypto";

/** Of an order by which a recovery closes a tracked position, or what is not tracked of a (pair, side). */
export function closeOrderId(flowId: string, recovery: number, subject: string, attempt: number): string {
  return derived("sfc", flowId, String(recovery), subject, String(attempt));
}

/** Of a position that is taken over from the exchange. */
export function adoptedId(flowId: string, recovery: number, pair: string, side: string): string {
  return derived("sfa", flowId, String(recovery), pair, side);
}

/** `kind`, and a digest of the parts. */
export function derived(kind: string, ...parts: readonly string[]): string {
  return `${kind}${createHash("sha256")
    .update(parts.join("\0"))
    .digest("hex")
    .slice(0, 32 - kind.length)}`;
}
