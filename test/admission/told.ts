/**
 * What callers are told, in a few words: the worker writes it from the answer that it got, the audit from the event that the call
 * left. An answer that changed nothing begins with `no: `.
 */
import type { LoggedEvent } from "../faults/record.js";

/** The wish of the call that left this event, and what its caller must have been told; undefined when no worker leaves such events. */
export function wishOf(event: LoggedEvent): { wish: string; told: string } | undefined {
  const booked = (what: "applied" | "closed") =>
    bookedAs(what, Number(event.pnl), Number(event.daily_pnl), event.tripped === "1");
  switch (event.type) {
    case "entry_admitted":
      return { wish: wishes.admit(need(event, "signal_id")), told: `admitted as ${fieldOf(event.order, "id")}` };
    case "fill_recorded":
      return { wish: wishes.fill(need(event, "order_id"), need(event, "fill_id")), told: booked("applied") };
    case "position_closed":
      return { wish: wishes.close(need(event, "id")), told: booked("closed") };
    case "order_cancelled":
      return { wish: wishes.cancel(fieldOf(event.order, "id")), told: "cancelled" };
    case "order_saved":
      return {
        wish: wishes.save(fieldOf(event.order, "id")),
        told: savedAs(fieldOf(event.order, "status"), fieldOf(event.order, "version")),
      };
    case "position_updated":
      return {
        wish: wishes.trail(fieldOf(event.position, "id")),
        told: `version ${fieldOf(event.position, "version")}`,
      };
    default:
      return undefined;
  }
}

export const wishes = {
  admit: (signalId: string) => `admit ${signalId}`,
  fill: (orderId: string, fillId: string) => `fill ${orderId}|${fillId}`,
  close: (positionId: string) => `close ${positionId}`,
  cancel: (orderId: string) => `cancel ${orderId}`,
  save: (orderId: string) => `save ${orderId}`,
  trail: (positionId: string) => `trail ${positionId}`,
} as const;

/** What an applied booking is told as. */
export function bookedAs(what: "applied" | "closed", booked: number, dailyPnl: number, tripped: boolean): string {
  return `${what} ${booked}, day at ${dailyPnl}${tripped ? ", tripped" : ""}`;
}

/** What a save is told as, whether it changed the order or found it so. */
export function savedAs(status: string, version: number | string): string {
  return `saved ${status}, version ${version}`;
}

export function need(event: LoggedEvent, field: string): string {
  const value = event[field];
  if (value === undefined) throw new Error(`an event ${event.type} has no ${field}`);
  return value;
}

/** A field of a stored record. */
function fieldOf(json = "{}", field: string): string {
  const record: Record<string, unknown> = JSON.parse(json);
  return String(record[field]);
}
