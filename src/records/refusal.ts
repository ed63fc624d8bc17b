import { COUNTED_REFUSALS, POSITION_SIDES } from "../words/word-lists.js";
import { name, type Row, text, time, word } from "./field.js";

/** An entry that was refused. Redis keeps it as JSON, in a stream, without `key`, which is its id there. */
export const refusal = {
  /** `ms-seq` of the answer. */
  key: name,
  at: time,
  instance: name,
  signal_id: name,
  pair: name,
  side: word(POSITION_SIDES),
  reason: word(COUNTED_REFUSALS),
  message: text,
};

const { key, at, ...others } = refusal;
/** The same in SQL, where `at` is a keyword. */
export const refusalColumns = { key, refused_at: at, ...others };

export type RefusalRow = Row<typeof refusal>;
