import { name, optional, type Row, since, text, time, whole } from "./field.js";

/** The flow's own data. Redis keeps it as a hash. */
export const meta = {
  schema: whole,
  epoch: name,
  created_at: time,
  /** Why a recovery blocks entries; null when none is under way. */
  recovering: optional(text),
  /** The flow's epoch before it was copied, restored or migrated into this one; null if it never was. */
  was: optional(name),
  /** Currency of PnL, limits, exposure and equity: configured, or the settle currency of the first pair. */
  currency: since(4, optional(name)),
  /** Currencies that count as `currency`, separated by spaces. */
  same_currency: since(4, optional(text)),
  /** JSON of the look-back guards that every bot enforces; null: there are none. */
  guards: since(4, optional(text)),
};

export type MetaRow = Row<typeof meta>;
