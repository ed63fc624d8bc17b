import { double, flag, hidden, money, optional, type Row, since, text, unpriced } from "./field.js";

/** Bookings on a trade after its end. Redis keeps them as JSON, by the trade's key. */
export const amendment = {
  key: text,
  pnl: money,
  fees: money,
  cash: money,
  /** Size of the end that later fills explained. */
  explained: double,
  /** Amounts that could not be priced; below 0 if they were paid off since. */
  unpriced: since(4, hidden(optional(unpriced))),
  /** 1 if a result was booked at a rate that was not given with it. */
  rate_assumed: since(4, hidden(optional(flag))),
};

export type AmendmentRow = Row<typeof amendment>;
