/** What a run came to: read from the state, and from the flow's event log. The two must agree to the last decimal. */

import type { Position, StateManager } from "../../src/index.js";
import type { BookedTrade } from "./flow-log.js";
import { moneyText, sumOf, toUnits } from "./money.js";

export interface DayTotals {
  readonly day: string;
  readonly trades: number;
  readonly won: number;
  /** Decimal text, 8 places. */
  readonly pnl: string;
}

export interface Trip {
  /** ISO time. */
  readonly at: string;
  readonly reason: string;
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
  readonly days: readonly { readonly day: string; readonly trades: number; readonly pnl: string }[];
  readonly openPositions: readonly Position[];
}

/** State and log say different things: something was lost or booked twice. */
export class DisagreementError extends Error {
  override name = "DisagreementError";
}

export async function stateTotals(manager: StateManager): Promise<StateTotals> {
  const { day, dailyPnl, dailyTrades } = await manager.getRiskState();
  const history = await manager.getDailyHistory();
  const days = [...history.filter((past) => past.day !== day), { day, pnl: dailyPnl, trades: dailyTrades }];
  return {
    days: days
      .filter(({ trades }) => trades > 0)
      .map((past) => ({ day: past.day, trades: past.trades, pnl: moneyText(toUnits(past.pnl)) })),
    openPositions: await manager.getPositions(),
  };
}

/** Throws a DisagreementError when the booked trades do not add up to what the state holds. */
export function totalsOf(state: StateTotals, booked: readonly BookedTrade[]): Totals {
  const logged = new Set(booked.map(dayOf));
  for (const day of logged) {
    if (!state.days.some((held) => held.day === day))
      throw new DisagreementError(`${day}: trades in the log, none in the state`);
  }
  const days = state.days.map(({ day, trades, pnl }) => {
    const ofDay = booked.filter((trade) => dayOf(trade) === day);
    const sum = moneyText(sumOf(ofDay.map((trade) => trade.pnl)));
    if (ofDay.length !== trades || sum !== pnl) {
      throw new DisagreementError(
        `${day}: the state holds ${trades} trades and ${pnl}, the log ${ofDay.length} and ${sum}`,
      );
    }
    return { day, trades, won: ofDay.filter((trade) => toUnits(trade.pnl) > 0n).length, pnl };
  });
  return {
    trades: days.reduce((sum, day) => sum + day.trades, 0),
    won: days.reduce((sum, day) => sum + day.won, 0),
    pnl: moneyText(sumOf(days.map(({ pnl }) => pnl))),
    days,
    breakerTrips: booked.flatMap(({ at, trip }) =>
      trip === undefined ? [] : [{ at: new Date(at).toISOString(), reason: trip }],
    ),
    openPositions: state.openPositions.map(({ version, ...position }) => position),
  };
}

function dayOf({ at }: BookedTrade): string {
  return new Date(at).toISOString().slice(0, 10);
}
