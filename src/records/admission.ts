import { ADMISSION_OUTCOMES } from "../words/word-lists.js";
import { name, type Row, text, whole, word } from "./field.js";

/** How many entries had an outcome on a trading day. Redis keeps the count under `day|outcome`. */
export const admission = { day_outcome: name, day: text, outcome: word(ADMISSION_OUTCOMES), count: whole };

export type AdmissionRow = Row<typeof admission>;
