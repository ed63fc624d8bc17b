import { LIMIT_SETTERS } from "../words/word-lists.js";
import { name, optional, type Row, since, time, word } from "./field.js";

/** What a tighter configuration stands over, and a looser one gives back. */
const heldFields = {
  /** The limit that a call set, or nobody is known to have set, as text. */
  held: since(4, optional(name)),
  held_who: since(4, optional(name)),
  held_at: since(4, optional(time)),
};

/** Who set a limit that is in force, and when. Redis keeps it as JSON without `limit`, which is its field. */
export const limitOrigin = { limit: name, by: word(LIMIT_SETTERS), who: name, at: time, ...heldFields };

/** The same in SQL, where `limit`, `by` and `at` are keywords. */
export const limitOriginColumns = { name, set_by: limitOrigin.by, who: name, set_at: time, ...heldFields };

export type LimitOriginRow = Row<typeof limitOrigin>;
