import type { Operation } from "./operation.js";

export const releaseLease: Operation<{ readonly token: number; readonly reason: string }, boolean> = {
  name: "release_lease",
  kind: "change",
  keys: [],
  args: {
    token: (a) => a.token,
    reason: (a) => a.reason,
  },
  decode: (reply) => reply[0] === "released",
  apply(state, { token, reason }, call) {
    const current = state.lease.value;
    if (current?.token !== token || current.until <= call.now) return false;

    state.lease.value = { ...current, until: 0 };
    state.emit(call, "lease_released", () => ({ token: String(token), holder: current.holder, reason }));

    return true;
  },
};
