/** What is told of a fact that wants a person: that it is new, lasts, or is over. */
import { createHash } from "node:crypto";
import type { Urgency, Want, WantKind } from "../wants/wants.js";
import { wantText } from "../wants/wants.js";

export interface Alert {
  /** The same however often it is sent: who gets it twice knows it by this. */
  readonly id: string;
  readonly state: "new" | "lasts" | "resolved";
  readonly flow: string;
  readonly kind: WantKind;
  readonly urgency: Urgency;
  readonly account?: string;
  /** Since when it is so, ISO 8601, as far as that is known. */
  readonly since?: string;
  /** When it was noticed, ISO 8601. */
  readonly at: string;
  /** A sentence or a few, for a person. */
  readonly text: string;
}

/** `turn` tells the times apart that the same fact is told. */
export function alertOf(want: Want, state: Alert["state"], turn: number, at: Date): Alert {
  const { id, flowId, kind, urgency, account, since } = want;
  return {
    id: createHash("sha256").update(`${id}\n${state}\n${turn}`).digest("hex").slice(0, 32),
    state,
    flow: flowId,
    kind,
    urgency,
    ...(account !== undefined && { account }),
    ...(since && { since: since.toISOString() }),
    at: at.toISOString(),
    text: wantText(want),
  };
}
