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
  /** What the unfilled rest of an entry takes of `risk.max_exposure`; 0 for an exit. */
  notional: hidden(money),
  /** Fills of its name that are remembered from before this are an earlier order's; null where there was none to remember. */
  fills_since: since(3, hidden(optional(time))),
  /** 1 when it was first stored; grows with every change. */
  version: since(3, seenLast(whole), 1),
  /** Why it was placed: tp, sl, trailing, manual, ... */
  reason: since(3, optional(text)),
  /** Flow currency per unit of what the pair settles in. */
  rate: since(3, optional(double)),
  /** The position of the other side that it turns around: its fills close that side of the pair first. */
  flip: since(3, optional(name)),
  /** Of a flip: what that side held when it was admitted. So much of it takes nothing of the exposure. */
  closes: since(3, hidden(optional(double))),
  /** 1 once the position that it names has ended: what is left of the entry takes a slot of its own. */
  slot: since(3, hidden(optional(whole))),
  /** Another position than the one it names, which its last fill reduced and left. */
  reduces: since(3, hidden(optional(name))),
};

export type OrderRow = Row<typeof order>;
