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
  /** For which the pair cools down once the position is flat. */
  cooldown: optional(duration),
  /** What is left of the exact sum of size x price over the entry fills; null where it is size x entry_price. */
  cost: hidden(optional(decimal)),
  /** What the position takes of `risk.max_exposure`. */
  notional: hidden(money),
  /** What it has booked so far: its exact result, rounded. Snapshots of schema 2 do not show it. */
  realised: since(1, money, 0n),
  /** Exact result so far, gross - fees + cash; null where it has no more places than `realised`. */
  result: since(3, hidden(optional(decimal))),
  /** Fees, exactly; above 0 = paid. */
  fees: since(3, decimal, "0"),
  /** Funding and the like, exactly; below 0 = paid. */
  cash: since(3, decimal, "0"),
  /** Flow currency per unit of what the pair settles in, as it was last told; null as long as none was needed. */
  rate: since(4, optional(double)),
  /** Fees, and results of exits, that nobody could price. */
  unpriced: since(4, optional(unpriced)),
  /** 1 once an exit was booked at a rate that was not told with it. */
  rate_assumed: since(4, hidden(optional(flag))),
  /** All that was entered; null as long as nothing was exited. */
  entered: since(3, hidden(optional(double))),
  /** What fills exited so far, and what they were worth. */
  exited: since(3, hidden(optional(double))),
  proceeds: since(3, hidden(optional(decimal))),
  /** Of the entry that opened it: its signal, who stored it, and the price it asked for. */
  signal_id: since(3, hidden(optional(name))),
  entry_instance: since(3, hidden(optional(name))),
  entry_asked: since(3, hidden(optional(double))),
  /** 1 once `updateDailyPnl` told its result. */
  told: since(3, hidden(optional(whole))),
  last_fill_ts: hidden(optional(time)),
  /** Whether it was merely saved, or a fill opened it. */
  opened_by: since(3, seenLast(word(OPENED_BY)), "saved"),
  version: seenLast(whole),
  metadata: json,
};

export type PositionRow = Row<typeof position>;
