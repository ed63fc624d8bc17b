/** The public types are written by hand, for people to read. This file fails to compile if one differs from its record. */
import type {
  CircuitBreaker,
  DailyRisk,
  EventRisk,
  LeaseState,
  PendingOrder,
  Position,
  RefusedEntry,
  RiskState,
  StateEvent,
  Trade,
} from "../types.js";
import type { EventType } from "../words/word-lists.js";
import type { breaker } from "./breaker.js";
import type { day } from "./day.js";
import type { View } from "./field.js";
import type { lease } from "./lease.js";
import type { order } from "./order.js";
import type { position } from "./position.js";
import type { refusal } from "./refusal.js";
import type { risk } from "./risk.js";
import type { trade } from "./trade.js";

/** Whether two types are one, to the last `readonly` and `?`. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

export type True<T extends true> = T;
type Common<Whole, Part> = Pick<Whole, keyof Whole & keyof Part>;

export type Agreed = [
  True<Same<Pick<Position, keyof Position>, View<typeof position>>>,
  True<Same<Pick<PendingOrder, keyof PendingOrder>, View<typeof order>>>,
  True<Same<Pick<LeaseState, keyof LeaseState>, View<typeof lease>>>,
  True<Same<Pick<Trade, keyof Trade>, View<typeof trade>>>,
  True<Same<Pick<RefusedEntry, keyof RefusedEntry>, View<typeof refusal>>>,
  True<Same<Omit<DailyRisk, "parts">, View<typeof day>>>,
  True<Same<Omit<CircuitBreaker, "active">, Partial<View<typeof breaker>>>>,
  True<Same<Common<RiskState, View<typeof risk>>, View<typeof risk>>>,
  True<Same<Common<EventRisk, View<typeof risk>>, View<typeof risk>>>,
  True<Same<Exclude<StateEvent["type"], "history_trimmed">, EventType>>,
];
