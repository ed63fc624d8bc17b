import type { Money } from "../exact/money.js";
import { toMoney } from "../exact/money.js";
import { dayOf, dayStartOf } from "../state/day.js";
import type { EventRisk, StateEvent } from "../types.js";

/** One step of the equity: a booking or a transfer, told by an event. */
export interface Booking {
  /** When it was booked. */
  readonly at: Date;
  /** The trading day on which it counts. */
  readonly day: string;
  /** In the flow's currency. */
  readonly amount: number;
  /** `report`: no money; the bot reported its equity. */
  readonly kind: "pnl" | "transfer" | "report";
  /** The flow's equity after it, if it is known. */
  readonly equity?: number;
}

/** The booking of an event, if it has one. `dayStart` in ms after midnight UTC. */
export function bookingOf(event: StateEvent, dayStart: number): Booking | undefined {
  switch (event.type) {
    case "fill_recorded":
    case "cash_booked":
      return step(event.at, event.risk, "pnl", event.pnl, dayOf(event.ts.getTime(), dayStart));
    case "position_closed":
    case "pnl_booked":
      return step(event.at, event.risk, "pnl", event.pnl, event.risk.late?.[0]?.day);
    case "transfer_recorded":
      return step(event.at, event.risk, "transfer", event.amount, event.risk.day);
    case "equity_updated":
      return step(event.at, event.risk, "report", 0, event.risk.day);
    case "equity_started":
      return step(event.at, event.risk, "pnl", 0, event.risk.day);
    default:
      return undefined;
  }
}

/** A booking counts on the day of its own time, but never on a day after the open one. */
function step(
  at: Date,
  { day: open, equity }: EventRisk,
  kind: Booking["kind"],
  amount: number,
  day: string | undefined,
): Booking {
  const counts = day === undefined || day > open ? open : day;
  return { at, day: counts, amount, kind, ...(equity !== undefined && { equity }) };
}

/** The bookings that events tell of, in their order. `dayStart`: when the trading day begins, `HH:MM` in UTC. */
export function bookingsOf(events: Iterable<StateEvent>, dayStart = "00:00"): Booking[] {
  const start = dayStartOf(dayStart);
  const bookings: Booking[] = [];
  for (const event of events) {
    const booking = bookingOf(event, start);
    if (booking) bookings.push(booking);
  }
  return bookings;
}

/** An amount from a flow, as an exact decimal. */
export function moneyOf(amount: number): Money {
  const money = toMoney(amount);
  if (money === undefined) throw new RangeError(`${amount} is no amount of money`);
  return money;
}
