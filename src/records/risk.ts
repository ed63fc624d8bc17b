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
  /** Exactly; absent as long as nobody told of it. */
  equity: hidden(optional(decimal)),
  peak_equity: seenLast(decimal),
  current_drawdown: double,
  ...dayParts,
  /** Whether it follows what is booked, or the bot reports it; absent of one that was reported before this was kept. */
  equity_by: since(4, hidden(optional(word(EQUITY_SOURCES)))),
  /** When the bot reported it last. */
  reported_at: since(4, hidden(optional(time))),
  /** When the peak was set. */
  peak_at: since(4, hidden(optional(time))),
  /** The first `risk.starting_equity` that a bot of the flow was configured with. */
  starting_equity: since(4, hidden(optional(decimal))),
};

export type RiskRow = Row<typeof risk>;
