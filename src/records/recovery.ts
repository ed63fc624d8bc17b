import { type Row, text, time, whole } from "./field.js";

/** The recovery under way, or the last one. Redis keeps it as a hash. Tokens and ids only grow. */
export const recovery = {
  /** The token under which it was begun: names it for good, over everybody who resumes it. */
  id: whole,
  token: whole,
  holder: text,
  /** When its holder has to have renewed it; 0 once it was let go or has ended. */
  until: time,
  begun_at: time,
};

export type RecoveryRow = Row<typeof recovery>;

/** What the recovery must remember if it is resumed. */
export const recoveryNote = { entry: text, value: text };
