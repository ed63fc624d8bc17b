import type { RecoveryState } from "../types.js";
import { type Operation, text } from "./operation.js";
import { pairsFromReply } from "./view-signals.js";

export const getRecovery: Operation<void, RecoveryState | undefined> = {
  name: "get_recovery",
  kind: "read",
  keys: ["recovery:current", "recovery:journal"],
  args: {},
  decode(reply) {
    if (reply[0] === "none") return undefined;
    const until = Number(text(reply, 5));
    return {
      id: Number(text(reply, 1)),
      reason: text(reply, 2),
      begunAt: new Date(Number(text(reply, 3))),
      holder: text(reply, 4),
      ...(until > 0 && { until: new Date(until) }),
      journal: new Map(pairsFromReply(reply, 6)),
    };
  },
  apply(state, _, { now }) {
    const reason = state.meta.value?.recovering;
    const current = state.recovery.value;
    if (reason == null || !current) return undefined;
    return {
      id: current.id,
      reason,
      begunAt: new Date(current.begun_at),
      holder: current.holder,
      ...(current.until > now && { until: new Date(current.until) }),
      journal: new Map(state.recoveryJournal.entries()),
    };
  },
};
