import type { RiskLimits } from "../config/risk-limits.js";
import type { Operation } from "./operation.js";
import { limitsView } from "./view-limits.js";
import { pairsFromReply } from "./view-signals.js";

export const getRiskLimits: Operation<void, RiskLimits> = {
  name: "get_risk_limits",
  kind: "read",
  keys: ["risk:limits"],
  args: {},
  decode: (reply) => limitsView(new Map(pairsFromReply(reply, 1))),
  apply: (state) => limitsView(state.limits),
};
