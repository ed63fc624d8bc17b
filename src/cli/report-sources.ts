import type { StateManager } from "../manager/state-manager.js";
import { type Booking, bookingOf } from "../report/booking.js";
import type { ReportOptions } from "../report/report.js";
import { daysUntilNow } from "../report/today.js";
import { dayStartOf } from "../state/day.js";
import type { EventRisk, Trade } from "../types.js";
import { type BarScreen, ProgressBar } from "../words/progress-bar.js";
import { eventPages, tradePages } from "./flow-pages.js";

/** The data for a report of a flow. */
export interface ReportSources {
  readonly trades: readonly Trade[];
  readonly options: Pick<ReportOptions, "days" | "bookings" | "logSince" | "positions" | "now" | "dayStart">;
}

/** Reads the data for a report, with a bar. What is booked meanwhile is not included. */
export async function reportSources(
  screen: BarScreen,
  manager: StateManager,
  from: number | undefined,
): Promise<ReportSources> {
  using bar = new ProgressBar(screen, { words: "reading the log of events" });
  const dayStart = manager.config.risk.day_start;
  const { at, positions, risk } = await manager.snapshot();
  const { bookings, newest, logSince } = await readLog(manager, from, dayStartOf(dayStart), (part) => bar.at(part, 1));
  const history = await manager.getDailyHistory();
  const trades: Trade[] = [];
  for await (const page of tradePages(manager, { ...(from !== undefined && { from }) })) {
    for (const trade of page) trades.push(trade);
    bar.words(`reading trades: ${trades.length}`);
  }
  return {
    trades,
    options: {
      days: daysUntilNow(history, risk, newest),
      bookings,
      ...(logSince !== undefined && { logSince }),
      positions,
      now: at,
      dayStart,
    },
  };
}

async function readLog(
  manager: StateManager,
  from: number | undefined,
  dayStart: number,
  progress: (part: number) => void,
): Promise<{ bookings: Booking[]; newest: EventRisk | undefined; logSince: Date | undefined }> {
  const bookings: Booking[] = [];
  let newest: EventRisk | undefined;
  let logSince: Date | undefined;
  for await (const { events, part, isTrimmed } of eventPages(manager, from === undefined ? "0-0" : `${from}-0`)) {
    if (isTrimmed) logSince = events[0]?.at;
    for (const event of events) {
      const booking = bookingOf(event, dayStart);
      if (booking) bookings.push(booking);
      if ("risk" in event && event.risk) newest = event.risk;
    }
    progress(part);
  }
  return { bookings, newest, logSince };
}
