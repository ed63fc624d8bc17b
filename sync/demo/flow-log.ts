/** The flow's event log: it has every change, written in the same atomic step. */

import type { EventRisk, StateEvent, StateManager } from "../../src/index.js";

const PAGE = 10_000;

/** The whole log, oldest first. */
export async function eventsOf(manager: StateManager): Promise<StateEvent[]> {
  const events: StateEvent[] = [];
  for (;;) {
    const last = events.at(-1)?.id;
    const page = await manager.getEvents({ limit: PAGE, ...(last !== undefined && { after: last }) });
    events.push(...page);
    if (page.length < PAGE) return events;
  }
}

/** A booking, and the position it belongs to. */
export interface Booking {
  /** The day on which it counts, UTC. */
  readonly day: string;
  readonly positionId: string;
  readonly pnl: number;
  /** The booking closed the position: a trade ended. */
  readonly closes: boolean;
}

export function bookingsOf(events: readonly StateEvent[]): Booking[] {
  return events.flatMap((event) => {
    if (event.type === "fill_recorded") {
      const { ts, positionId, pnl, position } = event;
      return [{ day: dayOf(ts), positionId, pnl, closes: position === undefined }];
    }
    if (event.type === "position_closed")
      return [{ day: dayOf(event.at), positionId: event.positionId, pnl: event.pnl, closes: true }];
    return [];
  });
}

/** A trip of the breaker. */
export interface Trip {
  /** ISO time. */
  readonly at: string;
  readonly reason: string;
}

export function tripsOf(events: readonly StateEvent[]): Trip[] {
  return events.flatMap((event) => {
    const risk: EventRisk | undefined = "risk" in event ? event.risk : undefined;
    if (event.type === "breaker_tripped") return [{ at: event.at.toISOString(), reason: event.breaker.reason ?? "" }];
    return risk?.tripped ? [{ at: event.at.toISOString(), reason: risk.breaker?.reason ?? "" }] : [];
  });
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}
