import type { RiskState } from "../types.js";
import type { Operation } from "./operation.js";
import { riskFromReply, riskView } from "./view-risk.js";

export const getRiskState: Operation<{ readonly dayStart: number }, RiskState> = {
  name: "get_risk_state",
  kind: "read",
  keys: ["risk:daily", "risk:circuit_breaker"],
  args: {
    day_start: (a) => a.dayStart,
  },
  decode: (reply) => riskFromReply(reply, 1),
  apply: (state, { dayStart }, { now }) => riskView(state, now, dayStart),
};
