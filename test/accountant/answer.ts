/** What a call answers, and how a call that moves money is judged. */

import type { Done } from "./account-state.js";
import type { Books } from "./books.js";
import * as risk from "./risk.js";

/** What cannot be read off the books. */
export type Answer = Partial<Pick<Done, "applied" | "over" | "to">> & { readonly tripped?: boolean };

/** Opens the day of `ts`, does the work, then evaluates the breaker once. */
export function judged(books: Books, ts: number | undefined, work: () => Answer): Answer {
  risk.roll(books, ts);
  const before = risk.standing(books);
  return { ...work(), tripped: risk.evaluate(books, before) };
}
