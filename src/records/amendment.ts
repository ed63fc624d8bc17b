import { double, flag, hidden, money, optional, type Row, since, text, unpriced } from "./field.js";

/** What was booked on a trade after its end. Redis keeps it as JSON, by the trade's key. */
export const amendment = {
  key: text,
  pnl: money,
  fees: money,
  cash: money,
  /** Size of the end that later fills explained. */
  explained: double,
  /** What nobody could price; below 0 where it was paid for since. */
  unpriced: since(4, hidden(optional(unpriced))),
  /** 1 where a result was booked at a rate that was not told with it. */
  rate_assumed: since(4, hidden(optional(flag))),
};

export type AmendmentRow = Row<typeof amendment>;
