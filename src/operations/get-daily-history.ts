import { endedDay } from "../state/risk.js";
import type { DailyRisk } from "../types.js";
import type { Operation } from "./operation.js";
import { dailyView, daysFromReply, newestDays } from "./view-risk.js";

interface Args {
  readonly days: number;
  readonly dayStart: number;
}

export const getDailyHistory: Operation<Args, DailyRisk[]> = {
  name: "get_daily_history",
  kind: "read",
  keys: ["risk:daily", "risk:history"],
  args: {
    days: (a) => a.days,
    day_start: (a) => a.dayStart,
  },
  decode: (reply) => newestDays(daysFromReply(reply, 1)),
  apply(state, { days, dayStart }, { now }) {
    const closed = [...state.history.values()].map(dailyView);
    const ended = endedDay(state, now, dayStart);
    if (ended) closed.push(dailyView(ended));
    return newestDays(closed, days);
  },
};
