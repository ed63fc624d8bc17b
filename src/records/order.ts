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
  text,
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
  /** The part of `risk.max_exposure` that the unfilled rest of an entry takes; 0 for an exit. */
  notional: hidden(money),
  /** Remembered fills of this id from before this time belong to an earlier order; null if there were none. */
  fills_since: since(3, hidden(optional(time))),
  /** 1 when it was first stored; grows with every change. */
  version: since(3, seenLast(whole), 1),
  /** Why the order was placed: tp, sl, trailing, manual, ... */
  reason: since(3, optional(text)),
  /** Flow currency per unit of the pair's settle currency. */
  rate: since(3, optional(double)),
  /** The position of the other side that the order turns around: its fills close that side of the pair first. */
  flip: since(3, optional(name)),
  /** For a flip: the size of the other side when the flip was admitted. That part of the order takes no exposure. */
  closes: since(3, hidden(optional(double))),
  /** 1 once the position that the order names has ended: the rest of the entry takes a slot of its own. */
  slot: since(3, hidden(optional(whole))),
  /** A position other than the named one, which its last fill reduced without ending it. */
  reduces: since(3, hidden(optional(name))),
};

export type OrderRow = Row<typeof order>;
