import { hidden, money, type Row, since, text, whole } from "./field.js";

/** Parts of a day's PnL. The rest of the PnL is the change of open results. */
export const dayParts = {
  /** Whole results of the trades that ended. */
  closed: since(3, hidden(money), 0n),
  /** Later bookings on trades that had ended. */
  later: since(3, hidden(money), 0n),
  /** Cash of no trade. */
  cash: since(3, hidden(money), 0n),
  /** `updateDailyPnl` that is not tied to a position. */
  untied: since(3, hidden(money), 0n),
};

/** A day that is over. Redis keeps it as JSON without `day`, which is its key. */
export const day = { day: text, pnl: money, trades: whole, ...dayParts };

export type DailyRow = Row<typeof day>;
