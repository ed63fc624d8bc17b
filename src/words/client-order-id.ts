/** Client order ids that the library makes: 32 letters and digits, which every exchange takes. They tell whose an order is. */
import { createHash } from "node:crypto";

/** `sfo`: an entry that `admit` has let in. `sfr`: an order by which a recovery closes something. */
export type DerivedKind = "sfo" | "sfr";

const DERIVED = /^sf[or]([0-9a-f]{8})[0-9a-f]{21}$/;

/** 8 hex digits that stand for a flow in the ids of its orders. */
export function flowDigest(flowId: string): string {
  return createHash("sha256").update(`flow\0${flowId}`).digest("hex").slice(0, 8);
}

/** An id that everybody derives alike from the parts, with the digest of its flow. */
export function derivedOrderId(kind: DerivedKind, flowId: string, ...parts: readonly string[]): string {
  const hex = createHash("sha256")
    .update([flowId, ...parts].join("\0"))
    .digest("hex");
  return `${kind}${flowDigest(flowId)}${hex.slice(0, 21)}`;
}

/** The digest of the flow whose order it is; undefined where the id does not tell. */
export function digestOf(clientOrderId: string): string | undefined {
  return DERIVED.exec(clientOrderId)?.[1];
}
