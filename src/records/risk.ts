import { dayParts } from "./day.js";
import { double, hidden, money, optional, type Row, seenLast, text, whole } from "./field.js";

/** The risk of the day that is open. Redis keeps it as a hash. */
export const risk = {
  day: text,
  daily_pnl: money,
  daily_trades: whole,
  consecutive_losses: whole,
  /** As it was last reported. */
  equity: hidden(optional(double)),
  peak_equity: seenLast(double),
  current_drawdown: double,
  ...dayParts,
};

export type RiskRow = Row<typeof risk>;
