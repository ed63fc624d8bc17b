import { ORDER_INTENTS, ORDER_SIDES, ORDER_STATUSES } from "../words/word-lists.js";
import {
  double,
  duration,
  hidden,
  json,
  money,
  name,
  nullable,
  optional,
  type Row,
  seenLast,
  since,
  time,
  whole,
  word,
} from "./field.js";

/** An order, pending or lately closed. Redis keeps it as JSON. */
export const order = {
  id: name,
  pair: name,
  side: word(ORDER_SIDES),
  order_type: name,
  price: nullable(double),
  size: double,
  status: word(ORDER_STATUSES),
  created_at: time,
  filled: double,
  intent: word(ORDER_INTENTS),
  position_id: optional(name),
  signal_id: optional(name),
  /** tp, sl, cooldown and metadata of the position that the order opens. */
  tp: optional(double),
  sl: optional(double),
  cooldown: optional(duration),
  metadata: optional(json),
  /** What the unfilled rest of an entry takes of `risk.max_exposure`; 0 for an exit. */
  notional: hidden(money),
  /** Fills of its name that are remembered from before this are an earlier order's; null where there was none to remember. */
  fills_since: since(2, hidden(optional(time))),
  /** Grows by one with every change. */
  version: seenLast(since(3, whole, 1)),
  /** Why it was placed (tp, sl, trailing, manual, ...): the reason of the trade that it ends. */
  reason: since(3, optional(name)),
  /** Flow currency per unit of the pair's settle currency. */
  rate: since(3, optional(double)),
  /** The position of the other side that this entry turns around. */
  flip: since(3, optional(name)),
  /** What that side held when the flip was admitted. */
  closes: since(3, hidden(optional(double))),
};

export type OrderRow = Row<typeof order>;
