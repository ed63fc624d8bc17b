/** A plan that waits for a person, and that person's consent, in the journal of the recovery: for whoever resumes it. */
import type { Recovery } from "../../src/manager/recovery.js";
import type { Plan } from "../plan/plan.js";
import { actionText } from "../plan/plan-text.js";

/** The hash of the plan that was approved: written here, or by `approveRecovery` in another process. */
const APPROVED = "approved";

/** Which of its actions that covers, with its hash. */
const APPROVED_KEYS = "approved_keys";

/** The plan that waits, as JSON; its hash is what `approveRecovery` compares. */
const PLAN = "plan";
const PLAN_HASH = "plan_hash";

/** Of a plan beyond this the actions are kept in words only, and of those the first, bytes of JSON. */
const MOST = 200_000;
const MOST_ACTIONS = 500;

export interface Approval {
  readonly hash: string;
  /** Undefined as long as nobody has looked what the plan says. */
  readonly keys: readonly string[] | undefined;
}

/** The newest consent, if there is one. */
export function approvalOf(journal: ReadonlyMap<string, string>): Approval | undefined {
  const noted = journal.get(APPROVED);
  if (noted === undefined) return undefined;
  // Versions before 0.4 wrote both into one note.
  if (noted.startsWith("{")) return JSON.parse(noted);
  const covered: Approval | undefined = readKeys(journal.get(APPROVED_KEYS));
  return covered?.hash === noted ? covered : { hash: noted, keys: undefined };
}

function readKeys(noted: string | undefined): Approval | undefined {
  return noted === undefined ? undefined : JSON.parse(noted);
}

/** Notes that this very plan is approved; answers the keys of its actions. */
export async function noteApproval(recovery: Recovery, { hash, actions }: Plan): Promise<readonly string[]> {
  const keys = actions.map(({ key }) => key);
  await recovery.note(APPROVED_KEYS, JSON.stringify({ hash, keys }));
  if (recovery.journal.get(APPROVED) !== hash) await recovery.note(APPROVED, hash);
  return keys;
}

/** Stores what a person has to look at. */
export async function noteWaitingPlan(recovery: Recovery, plan: Plan): Promise<void> {
  if (recovery.journal.get(PLAN_HASH) === plan.hash) return;
  const whole = JSON.stringify(plan);
  await recovery.note(PLAN, Buffer.byteLength(whole) <= MOST ? whole : inWords(plan));
  await recovery.note(PLAN_HASH, plan.hash);
}

function inWords({ actions, waiting, foreign, notes, ...head }: Plan): string {
  const short = actions.slice(0, MOST_ACTIONS).map((action) => ({
    key: action.key.slice(0, 200),
    pair: action.pair,
    text: actionText(action).slice(0, 200),
    needsPerson: action.needsPerson?.slice(0, 200),
  }));
  const counts = { actions: actions.length, waiting: waiting.length, foreign: foreign.length, notes: notes.length };
  return JSON.stringify({ ...head, actions: short, shortened: counts });
}
