/** The flow's equity and its breaker in single events. */
import { type Booking, bookingOf } from "../report/booking.js";
import type { CircuitBreaker, EventRisk, StateEvent } from "../types.js";

/** An event that has the flow's risk. */
export interface EquityRow {
  readonly event: StateEvent;
  readonly risk: EventRisk;
  readonly booking: Booking | undefined;
}

/** An event that tripped the breaker, or extended it. */
export interface BreakerTrip {
  readonly event: StateEvent;
  readonly breaker: CircuitBreaker;
}

/** `dayStart` in ms after midnight UTC. */
export function equityRowOf(event: StateEvent, dayStart: number): EquityRow | undefined {
  if (!("risk" in event) || event.risk === undefined) return undefined;
  return { event, risk: event.risk, booking: bookingOf(event, dayStart) };
}

export function breakerTripOf(event: StateEvent): BreakerTrip | undefined {
  const breaker = breakerOf(event);
  return breaker && { event, breaker };
}

function breakerOf(event: StateEvent): CircuitBreaker | undefined {
  if (event.type === "breaker_tripped" || event.type === "limits_set") return event.breaker;
  return "risk" in event ? event.risk?.breaker : undefined;
}
