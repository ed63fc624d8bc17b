import { BREAKER_SOURCES } from "../words/word-lists.js";
import { emptied, type Row, text, time, word } from "./field.js";

/** The circuit breaker as it last tripped. Redis keeps it as a hash. */
export const breaker = {
  reason: text,
  source: word(BREAKER_SOURCES),
  tripped_at: time,
  /** null: until reset. */
  until: emptied(time),
};

export type BreakerRow = Row<typeof breaker>;
