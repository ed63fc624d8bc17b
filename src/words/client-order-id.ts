/** Client order ids for exchanges: 32 letters and digits, as every exchange takes them. They name the flow that made them. */
import { createHash } from "node:crypto";

/** `sfo`: an entry that `admit` admitted; `sfr`: an order that a recovery sends. */
export type OrderOrigin = "sfo" | "sfr";

const DERIVED = /^sf[or]([0-9a-f]{8})[0-9a-f]{21}$/;

/** The 8 digits that the ids of one flow's orders share. */
export function flowDigest(flowId: string): string {
  return sha256(`flow\0${flowId}`).slice(0, 8);
}

/** The digest in an id; undefined if it has none, because somebody else made it or it is from before ids named their flow. */
export function digestOf(id: string): string | undefined {
  return DERIVED.exec(id)?.[1];
}

/** The id that everybody derives from the same flow and parts. Parts must not contain NUL. */
export function derivedOrderId(origin: OrderOrigin, flowId: string, ...parts: readonly string[]): string {
  const own = sha256([flowId, ...parts].join("\0")).slice(0, 21);
  return `${origin}${flowDigest(flowId)}${own}`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
