import type { DailyRisk, DayParts, EventRisk, RiskState } from "../types.js";

/** The bookings of a day; `parts` are absent if they were not stored. */
export interface BookedDay {
  readonly day: string;
  readonly pnl: number;
  readonly parts?: DayParts;
}

/**
 * The history together with the open day. The open day is taken from the newest event with the flow's risk, so that days and log are of one moment; if the
 * log has none, from the flow's risk.
 */
export function daysUntilNow(
  history: readonly DailyRisk[],
  risk: RiskState,
  newest: EventRisk | undefined,
): readonly BookedDay[] {
  if (!newest) {
    const isIdle = risk.dailyPnl === 0 && risk.dailyTrades === 0;
    return [...history, { day: risk.day, pnl: risk.dailyPnl, ...(isIdle && { parts: NOTHING }) }];
  }
  const { day, dailyPnl, parts } = newest;
  return [
    ...history.filter((each) => each.day < day),
    { day, pnl: dailyPnl, ...(parts && { parts }) },
    ...history.filter((each) => each.day > day),
  ];
}

export const NOTHING: DayParts = { closed: 0, open: 0, later: 0, cash: 0, untied: 0 };
