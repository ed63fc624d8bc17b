import { EQUITY_SOURCES } from "../words/word-lists.js";
import { dayParts } from "./day.js";
import {
  decimal,
  double,
  hidden,
  money,
  optional,
  type Row,
  seenLast,
  since,
  text,
  time,
  whole,
  word,
} from "./field.js";

/** The risk of the day that is open. Redis keeps it as a hash. */
export const risk = {
  day: text,
  daily_pnl: money,
  daily_trades: whole,
  consecutive_losses: whole,
  /** The exact equity; absent as long as nobody told it. */
  equity: hidden(optional(decimal)),
  peak_equity: seenLast(decimal),
  current_drawdown: double,
  ...dayParts,
  /** Whether equity follows bookings, or the bot reports it; absent if it was reported before this field existed. */
  equity_by: since(4, hidden(optional(word(EQUITY_SOURCES)))),
  /** When the bot last reported it. */
  reported_at: since(4, hidden(optional(time))),
  /** When the peak was set. */
  peak_at: since(4, hidden(optional(time))),
  /** The first `risk.starting_equity` that was configured for a bot of the flow. */
  starting_equity: since(4, hidden(optional(decimal))),
};

export type RiskRow = Row<typeof risk>;
