import { double, money, type Row, text } from "./field.js";

/** What was booked on a trade after its end. Redis keeps it as JSON, by the trade's key. */
export const amendment = {
  key: text,
  pnl: money,
  fees: money,
  cash: money,
  /** Size of the end that later fills explained. */
  explained: double,
};

export type AmendmentRow = Row<typeof amendment>;
