/** An exchange account in columns. Redis and memory keep an account as one hash of texts; the DuckDB file of one of its flows keeps it in these tables. */
import { BREAKER_SOURCES, LIMIT_SETTERS } from "../words/word-lists.js";
import { decimal, double, emptied, money, name, optional, type Row, text, time, whole, word } from "./field.js";
import { limitOriginColumns } from "./limit-origin.js";

/** Settings, sums over the flows, breaker. */
export const account = {
  epoch: name,
  created_at: time,
  currency: name,
  /** Currencies that count as `currency`, separated by spaces. */
  same_currency: text,
  /** ms after midnight UTC. */
  day_start: whole,
  /** ms, until_day_end or until_reset. */
  breaker_duration: name,
  duration_by: word(LIMIT_SETTERS),
  duration_who: name,
  duration_at: time,
  day: name,
  daily_pnl: money,
  notional: money,
  slots: whole,
  starting_equity: optional(decimal),
  equity: optional(decimal),
  peak_equity: decimal,
  peak_at: optional(time),
  current_drawdown: double,
  /** What its flows had booked and transferred before the starting equity was set. */
  booked_before: optional(money),
  breaker_reason: optional(text),
  breaker_source: optional(word(BREAKER_SOURCES)),
  breaker_tripped_at: optional(time),
  /** null: until reset. */
  breaker_until: emptied(time),
};

export type AccountRow = Row<typeof account>;

/** A flow's part in an account's sums, and what it has booked there. */
export const accountFlow = {
  notional: money,
  slots: whole,
  booked: optional(money),
  transferred: optional(money),
  day: optional(text),
  daily_pnl: optional(money),
};

export type AccountFlowRow = Row<typeof accountFlow>;

/** A limit of an account, and who set it; null if that is not known. */
export const accountLimit = {
  name,
  value: double,
  set_by: optional(limitOriginColumns.set_by),
  who: optional(limitOriginColumns.who),
  set_at: optional(limitOriginColumns.set_at),
  held: limitOriginColumns.held,
  held_who: limitOriginColumns.held_who,
  held_at: limitOriginColumns.held_at,
};

export type AccountLimitRow = Row<typeof accountLimit>;

/** Slots of a pair: of one flow, or of all. */
export const accountSlots = {
  /** null: of all flows. */
  flow_id: optional(name),
  pair: text,
  slots: whole,
};

export type AccountSlotsRow = Row<typeof accountSlots>;
