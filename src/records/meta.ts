import { name, optional, type Row, since, text, time, whole } from "./field.js";

/** What a flow says of itself. Redis keeps it as a hash. */
export const meta = {
  schema: whole,
  epoch: name,
  created_at: time,
  /** Why a recovery blocks entries; null when none is under way. */
  recovering: optional(text),
  /** The epoch that the flow had before it was copied, restored or migrated into this one; null when it never was. */
  was: optional(name),
  /** What PnL, limits, exposure and equity are counted in: configured, or what the first pair settles in. */
  currency: since(4, optional(name)),
  /** Currencies that count as that one, with spaces between them. */
  same_currency: since(4, optional(text)),
};

export type MetaRow = Row<typeof meta>;
