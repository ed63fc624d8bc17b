import { LIMIT_SETTERS } from "../words/word-lists.js";
import { name, optional, type Row, since, time, word } from "./field.js";

/** The limit that a tighter configuration replaced, and that a looser one brings back. */
const heldFields = {
  /** The limit that a call set, or one whose setter is not known, as text. */
  held: since(4, optional(name)),
  held_who: since(4, optional(name)),
  held_at: since(4, optional(time)),
};

/** Who set a limit that is in force, and when. Redis keeps it as JSON without `limit`, which is its field. */
export const limitOrigin = { limit: name, by: word(LIMIT_SETTERS), who: name, at: time, ...heldFields };

/** The same in SQL, where `limit`, `by` and `at` are keywords. */
export const limitOriginColumns = { name, set_by: limitOrigin.by, who: name, set_at: time, ...heldFields };

export type LimitOriginRow = Row<typeof limitOrigin>;
