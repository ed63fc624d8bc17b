/** A plan that waits for a person, as the recovery's journal keeps it. Whoever approves it can read it there. */
import type { Recovery } from "../../src/manager/recovery.js";
import type { Action, Waiting } from "../plan/action.js";
import type { Plan } from "../plan/plan.js";

/** Keys of the journal. The hash has a key of its own: an approval is compared with it. */
export const PLAN = "plan";
export const PLAN_HASH = "plan_hash";

/** The most characters of actions, and of notes, in the journal's text of a plan. The rest is only counted. */
const MOST_TEXT = 200_000;
const MOST_LINES = 100;
const LONGEST_NOTE = 1_000;

export interface StoredPlan {
  readonly hash: string;
  /** When the flow was read, on its own clock, ISO 8601. */
  readonly at: string;
  readonly exchange: string;
  readonly mode: Plan["mode"];
  readonly orphanPositions: Plan["orphanPositions"];
  /** The actions with their evidence; those that need a person come first. */
  readonly actions: readonly Action[];
  /** How many more actions there are. `hash` covers them, too. */
  readonly omitted: number;
  readonly waiting: readonly Waiting[];
  readonly notes: readonly string[];
}

/** Stores the plan, unless it is stored already. The hash is written last: a plan that can be approved can be read. */
export async function storePlan(recovery: Recovery, plan: Plan): Promise<void> {
  if (recovery.journal.get(PLAN_HASH) === plan.hash) return;
  await recovery.note(PLAN, JSON.stringify(storedPlan(plan)));
  await recovery.note(PLAN_HASH, plan.hash);
}

export function storedPlan({
  hash,
  at,
  exchange,
  mode,
  orphanPositions,
  actions: all,
  waiting,
  notes,
}: Plan): StoredPlan {
  const askedFirst = [...all].sort((a, b) => Number(b.needsPerson !== undefined) - Number(a.needsPerson !== undefined));
  const actions: Action[] = [];
  let length = 0;
  for (const action of askedFirst) {
    length += JSON.stringify(action).length;
    if (length > MOST_TEXT) break;
    actions.push(action);
  }
  const cut = (text: string) => (text.length > LONGEST_NOTE ? `${text.slice(0, LONGEST_NOTE)}...` : text);
  return {
    hash,
    at: at.toISOString(),
    exchange,
    mode,
    orphanPositions,
    actions,
    omitted: all.length - actions.length,
    waiting: waiting.slice(0, MOST_LINES).map((row) => ({ ...row, why: cut(row.why) })),
    notes: notes.slice(0, MOST_LINES).map(cut),
  };
}
