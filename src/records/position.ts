import { OPENED_BY, POSITION_SIDES } from "../words/word-lists.js";
import {
  decimal,
  double,
  duration,
  hidden,
  json,
  money,
  name,
  optional,
  type Row,
  seenLast,
  since,
  time,
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
  /** Exact sum of size x price over the entry fills; null where it is size x entry_price. */
  cost: hidden(optional(decimal)),
  /** What the position takes of `risk.max_exposure`. */
  notional: hidden(money),
  /** What its fills have booked so far, fees included. */
  realised: hidden(money),
  last_fill_ts: hidden(optional(time)),
  /** Whether it was merely saved, or a fill opened it. */
  opened_by: since(3, seenLast(word(OPENED_BY)), "saved"),
  version: seenLast(whole),
  metadata: json,
};

export type PositionRow = Row<typeof position>;
