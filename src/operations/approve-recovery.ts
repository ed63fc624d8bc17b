import { type Operation, text } from "./operation.js";

/** `current`: the hash of the plan that waits; undefined: none waits. */
export type ApprovalOutcome =
  | { readonly outcome: "approved" | "before" | "none" }
  | { readonly outcome: "stale"; readonly current: string | undefined };

/** Keys of the journal: the hash of the plan that waits for a person, and the hash of the plan that a person has approved. */
const PLAN_HASH = "plan_hash";
const APPROVED = "approved";

export const approveRecovery: Operation<{ readonly hash: string }, ApprovalOutcome> = {
  name: "approve_recovery",
  kind: "change",
  keys: ["recovery:current", "recovery:journal"],
  args: {
    hash: (a) => a.hash,
  },
  words: {
    hash: "of the plan that waits",
  },
  decode(reply) {
    switch (reply[0]) {
      case "approved":
      case "before":
      case "none":
        return { outcome: reply[0] };
      default:
        return { outcome: "stale", current: text(reply, 1) || undefined };
    }
  },
  apply(state, { hash }, call) {
    const current = state.recovery.value;
    if (state.meta.value?.recovering == null || !current) return { outcome: "none" };
    const planHash = state.recoveryJournal.get(PLAN_HASH);
    if (planHash !== hash) return { outcome: "stale", current: planHash };
    if (state.recoveryJournal.get(APPROVED) === hash) return { outcome: "before" };

    state.emit(call, "recovery_approved", () => ({ id: String(current.id), hash }));
    state.recoveryJournal.set(APPROVED, hash);

    return { outcome: "approved" };
  },
};
