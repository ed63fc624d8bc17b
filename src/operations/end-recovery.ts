import { FencedError } from "../errors.js";
import type { Operation } from "./operation.js";

/** `token` undefined: whoever holds it. */
export const endRecovery: Operation<{ readonly token: number | undefined }, boolean> = {
  name: "end_recovery",
  kind: "change",
  keys: ["recovery:current", "recovery:journal"],
  args: {
    token: (a) => a.token,
  },
  words: {
    token: '"" = whoever holds it',
  },
  decode: (reply) => reply[0] === "ended",
  apply(state, { token }, call) {
    const { meta } = state;
    const current = state.recovery.value;
    if (!meta.value || meta.value.recovering === null) return false;
    if (token !== undefined && current?.token !== token) throw new FencedError(`recovery ${token} is not under way`);

    meta.value = { ...meta.value, recovering: null };
    if (current) state.recovery.value = { ...current, until: 0 };
    for (const key of [...state.recoveryJournal.entries()].map(([name]) => name)) state.recoveryJournal.delete(key);
    state.emit(call, "recovery_ended", () => ({}));

    return true;
  },
};
