/** Client order ids that everybody who resumes a recovery derives alike: 32 letters and digits, as every exchange takes them. */
import { createHash } from "node:crypto";
import { derivedOrderId } from "../../src/words/client-order-id.js";

/** Id of an order by which a recovery closes a tracked position, or an untracked position of a (pair, side). */
export function closeOrderId(flowId: string, recovery: number, subject: string, attempt: number): string {
  return derivedOrderId("sfr", flowId, String(recovery), subject, String(attempt));
}

/**
 * Whether some recovery, of any flow, has closed something by an order of this id. Old ids of this kind, which did not name their flow, begin with `sfz`.
 * Ids from `admit` never match: they begin with `sfo` or, if old, with `sf` and a hex digit, and r and z are no hex digits.
 */
export function isCloseOrderId(id: string): boolean {
  return /^sf[rz][0-9a-f]{29}$/.test(id);
}

/** Id of a position that is taken over from the exchange. `held`: what the flow held of the pair and side before. */
export function adoptedId(flowId: string, recovery: number, pair: string, side: string, held: number): string {
  return derived("sfy", flowId, String(recovery), pair, side, String(held));
}

export function isAdoptedId(positionId: string): boolean {
  return /^sfy[0-9a-f]{29}$/.test(positionId);
}

/** `kind`, followed by a digest of the parts. */
export function derived(kind: string, ...parts: readonly string[]): string {
  return `${kind}${createHash("sha256")
    .update(parts.join("\0"))
    .digest("hex")
    .slice(0, 32 - kind.length)}`;
}
