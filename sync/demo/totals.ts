/** What a run came to: read from the state, and from the flow's event log. The two must agree to the last decimal. */

import { ProblemError } from "../../src/cli/exit-code.js";
import type { Position, StateEvent, StateManager } from "../../src/index.js";
import { bookingsOf, type Trip, tripsOf } from "./flow-log.js";
import { moneyText, sumOf, toUnits } from "./money.js";

export interface DayTotals {
  readonly day: string;
  readonly trades: number;
  readonly won: number;
  /** Decimal text, 8 places. */
  readonly pnl: string;
}

export interface Totals {
  readonly trades: number;
  readonly won: number;
  readonly pnl: string;
  readonly days: readonly DayTotals[];
  readonly breakerTrips: readonly Trip[];
  readonly openPositions: readonly Omit<Position, "version">[];
}

/** What the state itself says. */
export interface StateTotals {
  readonly days: readonly Omit<DayTotals, "won">[];
  readonly openPositions: readonly Position[];
}

/** State and log say different things: something was lost or booked twice. */
export class DisagreementError extends ProblemError {
  override name = "DisagreementError";
}

export async function stateTotals(manager: StateManager): Promise<StateTotals> {
  const { day, dailyPnl, dailyTrades } = await manager.getRiskState();
  const history = await manager.getDailyHistory();
  const days = [...history.filter((past) => past.day !== day), { day, pnl: dailyPnl, trades: dailyTrades }];
  return {
    days: days
      .filter(({ trades, pnl }) => trades > 0 || pnl !== 0)
      .map((past) => ({ day: past.day, trades: past.trades, pnl: moneyText(toUnits(past.pnl)) })),
    openPositions: await manager.getPositions(),
  };
}

/** Throws a DisagreementError when the bookings in the log do not add up to what the state holds. */
export function totalsOf(state: StateTotals, events: readonly StateEvent[]): Totals {
  const bookings = bookingsOf(events);
  for (const { day } of bookings) {
    if (!state.days.some((held) => held.day === day))
      throw new DisagreementError(`${day}: bookings in the log, none in the state`);
  }
  const days = state.days.map(({ day, trades, pnl }) => {
    const ofDay = bookings.filter((booking) => booking.day === day);
    const closed = ofDay.filter(({ closes }) => closes);
    const sum = moneyText(sumOf(ofDay.map((booking) => booking.pnl)));
    if (closed.length !== trades || sum !== pnl) {
      throw new DisagreementError(
        `${day}: the state holds ${trades} trades and ${pnl}, the log ${closed.length} and ${sum}`,
      );
    }
    const won = closed.filter(({ positionId }) => {
      const whole = bookings.filter((booking) => booking.positionId === positionId);
      return sumOf(whole.map((booking) => booking.pnl)) > 0n;
    });
    return { day, trades, won: won.length, pnl };
  });
  return {
    trades: days.reduce((sum, day) => sum + day.trades, 0),
    won: days.reduce((sum, day) => sum + day.won, 0),
    pnl: moneyText(sumOf(days.map(({ pnl }) => pnl))),
    days,
    breakerTrips: tripsOf(events),
    openPositions: state.openPositions.map(({ version, ...position }) => position),
  };
}
