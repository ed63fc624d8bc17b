import { createHash } from "node:crypto";
import type { Incomplete } from "../port/reading.js";
import type { Action, Foreign, Waiting } from "./action.js";
import type { OrphanAction, RecoveryMode } from "./options.js";

/** What a recovery would do, and why. Plain JSON, except for the `Date`s of fills. */
export interface Plan {
  readonly flowId: string;
  readonly epoch: string;
  readonly exchange: string;
  readonly mode: RecoveryMode;
  readonly orphanPositions: OrphanAction;
  /** When the flow was read, on its own clock. */
  readonly at: Date;
  /** Readings that failed or contradict each other. If there are any, there are no actions, and nothing may be changed. */
  readonly failures: readonly Incomplete[];
  readonly actions: readonly Action[];
  readonly waiting: readonly Waiting[];
  readonly foreign: readonly Foreign[];
  /** Notes for a person. */
  readonly notes: readonly string[];
  /** A hash of the actions: equal actions on the same flow have equal hashes, whenever the plan was made. */
  readonly hash: string;
}

export type PlanBody = Omit<Plan, "hash">;

export function withHash(body: PlanBody): Plan {
  const { flowId, epoch, exchange, mode, orphanPositions } = body;
  const deeds = body.actions.map(({ evidence: _, ...deed }) => deed);
  const text = JSON.stringify([flowId, epoch, exchange, mode, orphanPositions, deeds, body.failures.length]);
  return { ...body, hash: createHash("sha256").update(text).digest("hex").slice(0, 16) };
}

/** The actions that need no person, or that a person has approved. */
export function permitted(plan: Plan, approved: ReadonlySet<string>): Action[] {
  return plan.actions.filter(({ needsPerson, key }) => needsPerson === undefined || approved.has(key));
}
