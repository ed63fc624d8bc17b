import { OPENED_BY, POSITION_SIDES } from "../words/word-lists.js";
import {
  decimal,
  double,
  duration,
  flag,
  hidden,
  json,
  money,
  name,
  optional,
  type Row,
  seenLast,
  since,
  time,
  unpriced,
  whole,
  word,
} from "./field.js";

/** An open position. Redis keeps it as JSON. */
export const position = {
  id: name,
  pair: name,
  side: word(POSITION_SIDES),
  size: double,
  entry_price: double,
  entry_ts: time,
  tp: optional(double),
  sl: optional(double),
  /** How long the pair will cool down once the position is flat. */
  cooldown: optional(duration),
  /** The rest of the exact sum of size x price over the entry fills; null if it is size x entry_price. */
  cost: hidden(optional(decimal)),
  /** The part of `risk.max_exposure` that the position takes. */
  notional: hidden(money),
  /** The booked result so far: the exact result, rounded. Snapshots of schema 2 do not show it. */
  realised: since(1, money, 0n),
  /** The exact result so far, gross - fees + cash; null if it has no more places than `realised`. */
  result: since(3, hidden(optional(decimal))),
  /** Fees, exactly; above 0 = paid. */
  fees: since(3, decimal, "0"),
  /** Funding and similar cash, exactly; below 0 = paid. */
  cash: since(3, decimal, "0"),
  /** Flow currency per unit of the pair's settle currency, as told last; null as long as none was needed. */
  rate: since(4, optional(double)),
  /** Fees, and results of exits, that could not be priced. */
  unpriced: since(4, optional(unpriced)),
  /** 1 once an exit was booked at a rate that was not given with it. */
  rate_assumed: since(4, hidden(optional(flag))),
  /** The whole entered size; null as long as nothing was exited. */
  entered: since(3, hidden(optional(double))),
  /** Size and worth of what fills exited so far. */
  exited: since(3, hidden(optional(double))),
  proceeds: since(3, hidden(optional(decimal))),
  /** The entry that opened the position: its signal, who stored it, and the price that it asked for. */
  signal_id: since(3, hidden(optional(name))),
  entry_instance: since(3, hidden(optional(name))),
  entry_asked: since(3, hidden(optional(double))),
  /** 1 once `updateDailyPnl` told its result. */
  told: since(3, hidden(optional(whole))),
  last_fill_ts: hidden(optional(time)),
  /** Whether the position was merely saved, or opened by a fill. */
  opened_by: since(3, seenLast(word(OPENED_BY)), "saved"),
  version: seenLast(whole),
  metadata: json,
};

export type PositionRow = Row<typeof position>;
