/** A person's consent to a plan, as the recovery's journal keeps it. */
import type { Recovery } from "../../src/manager/recovery.js";
import type { Plan } from "../plan/plan.js";
import { PLAN_HASH } from "./stored-plan.js";

/** The approved hash. Before 0.4 this key held JSON with hash and action keys. */
const APPROVED = "approved";
/** The keys of the approved plan's actions, as JSON. Later plans of the recovery have another hash, and do what is left of these. */
const APPROVED_KEYS = "approved_keys";

interface Consent {
  readonly hash: string;
  /** Keys of the approved actions; undefined while nobody has checked that the hash still holds. */
  readonly keys: readonly string[] | undefined;
}

type Journal = ReadonlyMap<string, string>;

export function consentOf(journal: Journal): Consent | undefined {
  const approved = journal.get(APPROVED);
  if (approved === undefined) return undefined;
  if (approved.startsWith("{")) return readConsent(approved);
  const noted = journal.get(APPROVED_KEYS);
  const consent = noted === undefined ? undefined : readConsent(noted);
  return consent?.hash === approved ? consent : { hash: approved, keys: undefined };
}

/** Whether a person has approved the plan that waits, and no process has taken it up yet. */
export function isNewlyApproved(journal: Journal): boolean {
  const consent = consentOf(journal);
  return consent !== undefined && consent.keys === undefined && consent.hash === journal.get(PLAN_HASH);
}

/** Notes, for whoever resumes the recovery, that this plan was approved. */
export async function noteConsent(recovery: Recovery, { hash, actions }: Plan): Promise<void> {
  await recovery.note(APPROVED_KEYS, JSON.stringify({ hash, keys: actions.map(({ key }) => key) }));
  if (recovery.journal.get(APPROVED) !== hash) await recovery.note(APPROVED, hash);
}

function readConsent(noted: string): { hash: string; keys: string[] } {
  return JSON.parse(noted);
}
