/** Client order ids that exchanges get: 32 letters and digits, as every exchange takes them. They say which flow made them. */
import { createHash } from "node:crypto";

/** `sfo`: the entry that `admit` let through; `sfr`: an order that a recovery sends. */
export type OrderOrigin = "sfo" | "sfr";

const DERIVED = /^sf[or]([0-9a-f]{8})[0-9a-f]{21}$/;

/** The 8 digits by which the ids of a flow's orders are told from those of others. */
export function flowDigest(flowId: string): string {
  return sha256(`flow\0${flowId}`).slice(0, 8);
}

/** The digest in an id; undefined where it carries none: made by somebody else, or before ids told their flow. */
export function digestOf(id: string): string | undefined {
  return DERIVED.exec(id)?.[1];
}

/** The id that anybody derives alike of the same flow and parts. Parts hold no NUL. */
export function derivedOrderId(origin: OrderOrigin, flowId: string, ...parts: readonly string[]): string {
  const own = sha256([flowId, ...parts].join("\0")).slice(0, 21);
  return `${origin}${flowDigest(flowId)}${own}`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
