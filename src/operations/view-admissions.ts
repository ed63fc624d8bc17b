/** Outcomes of entries as callers see them. */
import type { RefusalRow } from "../records/refusal.js";
import { dayCounted } from "../state/outcomes.js";
import type { AdmissionDay, RefusedEntry } from "../types.js";
import { COUNTED_REFUSALS } from "../words/word-lists.js";

/** The days that have counts, oldest first, from a map of `day|outcome` to a number. */
export function admissionDays(stored: ReadonlyMap<string, string | number>): AdmissionDay[] {
  const days = new Set([...stored.keys()].map(dayCounted));
  return [...days].sort().map((day) => admissionsOn(stored, day));
}

/** The counts of a day; 0 if nothing was counted. */
export function admissionsOn(stored: { get(field: string): string | number | undefined }, day: string): AdmissionDay {
  const count = (outcome: string) => Number(stored.get(`${day}|${outcome}`) ?? 0);
  const refused: Partial<AdmissionDay["refused"]> = {};
  for (const reason of COUNTED_REFUSALS) refused[reason] = count(reason);
  if (!hasAll(refused)) throw new TypeError("a reason without a count");
  return { day, admitted: count("admitted"), refused };
}

function hasAll(refused: Partial<AdmissionDay["refused"]>): refused is AdmissionDay["refused"] {
  return COUNTED_REFUSALS.every((reason) => refused[reason] !== undefined);
}

export function refusedEntry({ key, at, instance, signal_id, pair, side, reason, message }: RefusalRow): RefusedEntry {
  return { key, at: new Date(at), instance, signalId: signal_id, pair, side, reason, message };
}
