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
  /** Computed only when somebody reads the event. Rows never change, so this works at any later time. */
  readonly fields: () => Readonly<Record<string, string>>;
};
