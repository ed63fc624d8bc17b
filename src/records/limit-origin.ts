import { LIMIT_SETTERS } from "../words/word-lists.js";
import { name, type Row, time, word } from "./field.js";

/** Who set a limit that is in force, and when. Redis keeps it as JSON without `limit`, which is its field. */
export const limitOrigin = { limit: name, by: word(LIMIT_SETTERS), who: name, at: time };

/** The same in SQL, where `limit`, `by` and `at` are keywords. */
export const limitOriginColumns = { name, set_by: limitOrigin.by, who: name, set_at: time };

export type LimitOriginRow = Row<typeof limitOrigin>;
