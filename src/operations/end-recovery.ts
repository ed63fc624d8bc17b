import type { Operation } from "./operation.js";

export const endRecovery: Operation<void, boolean> = {
  name: "end_recovery",
  kind: "change",
  keys: [],
  argv: [],
  encode: () => [],
  decode: (reply) => reply[0] === "ended",
  apply(state, _, call) {
    const { meta } = state;
    if (!meta.value || meta.value.recovering === null) return false;

    meta.value = { ...meta.value, recovering: null };
    state.emit(call, "recovery_ended", () => ({}));

    return true;
  },
};
