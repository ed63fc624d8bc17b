import { createHash } from "node:crypto";
import type { Incomplete } from "../port/reading.js";
import type { Action, Foreign, Waiting } from "./action.js";
import type { OrphanAction, RecoveryMode } from "./options.js";

/** What a recovery would do, and why. Plain JSON, but for the `Date`s of fills. */
export interface Plan {
  readonly flowId: string;
  readonly epoch: string;
  readonly exchange: string;
  readonly mode: RecoveryMode;
  readonly orphanPositions: OrphanAction;
  /** When the flow was read, on its own clock. */
  readonly at: Date;
  /** Readings that failed or do not fit together; then there are no actions, and nothing may be changed. */
  readonly failures: readonly Incomplete[];
  readonly actions: readonly Action[];
  readonly waiting: readonly Waiting[];
  readonly foreign: readonly Foreign[];
  /** What a person should know. */
  readonly notes: readonly string[];
  /** Names what would be done: equal for equal actions on the same flow, whenever the plan was made. */
  readonly hash: string;
}

export type PlanBody = Omit<Plan, "hash">;

export function withHash(body: PlanBody): Plan {
  const { flowId, epoch, exchange, mode, orphanPositions } = body;
  const deeds = body.actions.map(({ evidence: _, ...deed }) => deed);
  const text = JSON.stringify([flowId, epoch, exchange, mode, orphanPositions, deeds, body.failures.length]);
  return { ...body, hash: createHash("sha256").update(text).digest("hex").slice(0, 16) };
}

/** The actions for which a person has not been asked, or has said yes. */
export function permitted(plan: Plan, approved: ReadonlySet<string>): Action[] {
  return plan.actions.filter(({ needsPerson, key }) => needsPerson === undefined || approved.has(key));
}
