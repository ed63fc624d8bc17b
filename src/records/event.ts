import { type Row, text, time } from "./field.js";

/** One change of the flow. Redis keeps it in a stream, its fields beside `type`, `at` and `instance`. */
export const event = {
  /** `ms-seq`, growing. */
  id: text,
  at: time,
  instance: text,
  type: text,
};

/** The event as it was appended to the log: flat fields, all text, read by eye in Redis. */
export type EventRow = Row<typeof event> & {
  /** Made only when somebody reads the event: rows never change, so it may be asked for at any later time. */
  readonly fields: () => Readonly<Record<string, string>>;
};
