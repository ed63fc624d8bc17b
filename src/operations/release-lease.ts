import type { Operation } from "./operation.js";

export const releaseLease: Operation<{ readonly token: number }, boolean> = {
  name: "release_lease",
  kind: "change",
  keys: [],
  args: {
    token: (a) => a.token,
  },
  decode: (reply) => reply[0] === "released",
  apply(state, { token }, call) {
    const current = state.lease.value;
    if (current?.token !== token || current.until <= call.now) return false;

    state.lease.value = { ...current, until: 0 };
    state.emit(call, "lease_released", () => ({ token: String(token), holder: call.instance }));

    return true;
  },
};
