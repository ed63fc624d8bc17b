import type { Operation } from "./operation.js";

export const beginRecovery: Operation<{ readonly reason: string }, void> = {
  name: "begin_recovery",
  kind: "change",
  keys: [],
  argv: ["reason"],
  encode: ({ reason }) => [reason],
  decode: () => undefined,
  apply(state, { reason }, call) {
    const { meta } = state;

    if (meta.value) meta.value = { ...meta.value, recovering: reason };
    state.emit(call, "recovery_begun", () => ({ reason }));
  },
};
