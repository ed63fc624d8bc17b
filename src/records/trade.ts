import { POSITION_SIDES, TRADE_ENDINGS } from "../words/word-lists.js";
import {
  double,
  flag,
  hidden,
  json,
  money,
  name,
  optional,
  type Row,
  since,
  time,
  unpriced,
  whole,
  word,
} from "./field.js";

/** A position that ended. Redis keeps it as JSON, in a stream. */
export const trade = {
  /** `ms-seq` of the step that ended it. */
  key: name,
  id: name,
  pair: name,
  side: word(POSITION_SIDES),
  /** The whole entered size. */
  size: double,
  entry_price: double,
  /** The average price of the exit fills. */
  exit_price: optional(double),
  entry_ts: time,
  exit_ts: time,
  /** gross - fees + cash, as booked until the end. */
  pnl: money,
  fees: money,
  cash: money,
  currency: name,
  signal_id: optional(name),
  reason: name,
  entry_instance: optional(name),
  /** Size whose result nobody told. */
  untold: optional(double),
  /** Size left that cannot be sold. */
  dust: optional(double),
  entry_asked: optional(double),
  exit_asked: optional(double),
  ending: hidden(word(TRADE_ENDINGS)),
  /** Size that ended without a fill: later fills explain it. */
  unexplained: hidden(optional(double)),
  /** 1 if `updateDailyPnl` or `closePosition` told the result: fills that explain the end book nothing. */
  told: hidden(optional(whole)),
  /** 1 if the position was merely saved: it is no trade, and only fills that name it look for it. */
  forgotten: hidden(optional(whole)),
  /** Fees, and results of exits, that could not be priced. */
  unpriced: since(4, optional(unpriced)),
  /** Flow currency per unit of the pair's settle currency, as told last. */
  rate: since(4, hidden(optional(double))),
  /** 1 if an exit was booked at a rate that was not given with it. */
  rate_assumed: since(4, optional(flag)),
  metadata: json,
};

export type TradeRow = Row<typeof trade>;
