import { type Row, text, time, whole } from "./field.js";

/** The recovery under way, or the last one. Redis keeps it as a hash. Tokens and ids only grow. */
export const recovery = {
  /** The token under which the recovery began: its id, kept by everybody who resumes it. */
  id: whole,
  token: whole,
  holder: text,
  /** Until when its holder has to renew it; 0 after it was released or has ended. */
  until: time,
  begun_at: time,
};

export type RecoveryRow = Row<typeof recovery>;

/** The notes that a resumed recovery needs. */
export const recoveryNote = { entry: text, value: text };
