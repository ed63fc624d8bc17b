import { type Row, text, time, whole } from "./field.js";

/** The flow's lease. Redis keeps it as a hash. */
export const lease = {
  /** Tokens only grow. */
  token: whole,
  holder: text,
  /** 0 once it was released. */
  until: time,
};

export type LeaseRow = Row<typeof lease>;
