/** An alert: that something which needs a person is new, lasts, or is over. */
import { createHash } from "node:crypto";
import type { Urgency, Want, WantKind } from "../wants/wants.js";
import { wantText } from "../wants/wants.js";

export interface Alert {
  /** The same each time the alert is sent, so that a receiver recognises a repetition. */
  readonly id: string;
  readonly state: "new" | "lasts" | "resolved";
  readonly flow: string;
  readonly kind: WantKind;
  readonly urgency: Urgency;
  readonly account?: string;
  /** Since when, ISO 8601; absent if that is not known. */
  readonly since?: string;
  /** When it was noticed, ISO 8601. */
  readonly at: string;
  /** One sentence or a few, for a person. */
  readonly text: string;
}

/** `turn` distinguishes the alerts about one fact: it differs each time that the fact is reported. */
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
