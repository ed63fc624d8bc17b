import type { Operation } from "./operation.js";
import type { LimitsInForce } from "./set-risk-limits.js";
import { limitsView, originsView } from "./view-limits.js";
import { pairsFromReply } from "./view-signals.js";

export const getRiskLimits: Operation<void, LimitsInForce> = {
  name: "get_risk_limits",
  kind: "read",
  keys: ["risk:limits", "risk:limits_by"],
  args: {},
  decode(reply) {
    const limits = new Map(pairsFromReply(reply, 1));
    return { limits: limitsView(limits), origins: originsView(limits, new Map(pairsFromReply(reply, 2))) };
  },
  apply: ({ limits, limitsBy }) => ({ limits: limitsView(limits), origins: originsView(limits, limitsBy) }),
};
