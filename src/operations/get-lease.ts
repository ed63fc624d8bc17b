import type { LeaseState } from "../types.js";
import { type Operation, text } from "./operation.js";

export const getLease: Operation<void, LeaseState | undefined> = {
  name: "get_lease",
  kind: "read",
  keys: ["execution:lease"],
  args: {},
  decode: (reply) =>
    reply[0] === "lease"
      ? { token: Number(text(reply, 1)), holder: text(reply, 2), until: new Date(Number(text(reply, 3))) }
      : undefined,
  apply(state, _, { now }) {
    const current = state.lease.value;
    if (!current || current.until <= now) return undefined;
    return { token: current.token, holder: current.holder, until: new Date(current.until) };
  },
};
