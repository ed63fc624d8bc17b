import type { DailyRisk, DayParts, EventRisk, RiskState } from "../types.js";

/** What a day booked; `parts` are absent where nobody kept them apart. */
export interface BookedDay {
  readonly day: string;
  readonly pnl: number;
  readonly parts?: DayParts;
}

/**
 * The history with the day that is open. That day is told by the newest event that tells of the flow's risk, so that days and log are of one
 * moment; where the log has none, by the flow's risk.
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
