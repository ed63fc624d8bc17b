/** What becomes of entries: counted by trading day, and the newest refusals. Lua twin: `lua/shared/outcomes.lua`. */
import type { AdmissionOutcome } from "../words/word-lists.js";
import { DAY_MS, dayOf } from "./day.js";
import type { FlowState } from "./flow-state.js";

/** Refusals that are kept. */
export const REFUSALS_KEPT = 10_000;

/** Counts are kept of so many days. */
const DAYS_KEPT = 30;

/** Counts an answer to an entry on the day that is open. With the first of its kind on a day, days that are too old go. */
export function countAdmission(
  { admissions }: FlowState,
  day: string,
  outcome: AdmissionOutcome,
  now: number,
  dayStart: number,
): void {
  const field = `${day}|${outcome}`;
  const count = (admissions.get(field) ?? 0) + 1;
  admissions.set(field, count);
  if (count > 1) return;
  const oldest = dayOf(now - (DAYS_KEPT - 1) * DAY_MS, dayStart);
  for (const each of [...admissions.keys()]) if (dayCounted(each) < oldest) admissions.delete(each);
}

/** The day of a count's field. */
export function dayCounted(field: string): string {
  return field.slice(0, field.indexOf("|"));
}
