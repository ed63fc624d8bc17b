import { type Operation, optionalTime, text } from "./operation.js";

interface LastHeartbeat {
  readonly at?: Date;
  /** The time on the flow's clock. */
  readonly now: Date;
}

export const getLastHeartbeat: Operation<void, LastHeartbeat> = {
  name: "get_last_heartbeat",
  kind: "read",
  keys: ["execution:heartbeat"],
  args: {},
  decode(reply) {
    const at = optionalTime(reply, 1);
    return { ...(at && { at }), now: new Date(Number(text(reply, 2))) };
  },
  apply(state, _, { now }) {
    const at = state.heartbeat.value;
    return { ...(at !== undefined && { at: new Date(at) }), now: new Date(now) };
  },
};
