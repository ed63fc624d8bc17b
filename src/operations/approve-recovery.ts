import { StaleStateError } from "../errors.js";
import type { Operation } from "./operation.js";

/** Lets the recovery under way carry out the plan that waits in its journal; only that one. */
export const approveRecovery: Operation<{ readonly hash: string }, boolean> = {
  name: "approve_recovery",
  kind: "change",
  keys: ["recovery:current", "recovery:journal"],
  args: {
    hash: (a) => a.hash,
  },
  words: {
    hash: "of the plan that a person has seen",
  },
  decode: (reply) => reply[0] === "approved",
  apply(state, { hash }, call) {
    const current = state.recovery.value;
    if (state.meta.value?.recovering == null || !current) {
      throw new StaleStateError(`no recovery is under way: plan ${hash} was carried out, or given up`);
    }
    const waiting = state.recoveryJournal.get("plan_hash");
    if (waiting === undefined) {
      throw new StaleStateError(`no plan of recovery ${current.id} waits for an approval: not ${hash} either`);
    }
    if (waiting !== hash) {
      throw new StaleStateError(`the plan that waits is ${waiting}, not ${hash}: look at it, and approve that one`);
    }
    if (state.recoveryJournal.get("approved") === hash) return false;

    state.recoveryJournal.set("approved", hash);
    state.emit(call, "recovery_approved", () => ({ id: String(current.id), hash }));

    return true;
  },
};
