/** Outcomes of entries: counts by trading day, and the newest refusals. Lua twin: `lua/shared/outcomes.lua`. */
import type { AdmissionOutcome } from "../words/word-lists.js";
import { DAY_MS, dayOf } from "./day.js";
import type { FlowState } from "./flow-state.js";

/** How many refusals are kept. */
export const REFUSALS_KEPT = 10_000;

/** For how many days counts are kept. */
const DAYS_KEPT = 30;

/** Counts the outcome of an entry on the open day. The first outcome of its kind on a day removes days that are too old. */
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

/** The day in the field of a count. */
export function dayCounted(field: string): string {
  return field.slice(0, field.indexOf("|"));
}
