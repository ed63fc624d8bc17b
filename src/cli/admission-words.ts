import type { AdmissionDay } from "../types.js";
import { COUNTED_REFUSALS } from "../words/word-lists.js";

/** `3 admitted, 5 refused (cooldown 3, max_exposure 2)`. */
export function admissionWords({ admitted, refused }: AdmissionDay): string {
  const reasons = COUNTED_REFUSALS.filter((reason) => refused[reason] > 0);
  const total = reasons.reduce((sum, reason) => sum + refused[reason], 0);
  const why = total === 0 ? "" : ` (${reasons.map((reason) => `${reason} ${refused[reason]}`).join(", ")})`;
  return `${admitted} admitted, ${total} refused${why}`;
}
