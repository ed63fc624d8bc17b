/** A person's consent to a plan, as the journal of its recovery keeps it. */
import type { Recovery } from "../../src/manager/recovery.js";
import type { Plan } from "../plan/plan.js";
import { PLAN_HASH } from "./stored-plan.js";

/** The hash that was approved. Before 0.4 it stood here with the keys, as JSON. */
const APPROVED = "approved";
/** What the plan of that hash would do, as JSON: later plans of the recovery, with another hash, do what is left of it. */
const APPROVED_KEYS = "approved_keys";

interface Consent {
  readonly hash: string;
  /** Of the actions; undefined when nobody has looked yet whether the hash still holds. */
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

/** Whether a person has approved what is kept as waiting, and nobody has taken it up yet. */
export function isNewlyApproved(journal: Journal): boolean {
  const consent = consentOf(journal);
  return consent !== undefined && consent.keys === undefined && consent.hash === journal.get(PLAN_HASH);
}

/** Notes, for whoever resumes the recovery, that this very plan was approved. */
export async function noteConsent(recovery: Recovery, { hash, actions }: Plan): Promise<void> {
  await recovery.note(APPROVED_KEYS, JSON.stringify({ hash, keys: actions.map(({ key }) => key) }));
  if (recovery.journal.get(APPROVED) !== hash) await recovery.note(APPROVED, hash);
}

function readConsent(noted: string): { hash: string; keys: string[] } {
  return JSON.parse(noted);
}
