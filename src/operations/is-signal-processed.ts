import { remembers } from "../state/memory.js";
import type { Operation } from "./operation.js";

interface Args {
  readonly signalId: string;
  readonly dedupWindow: number;
}

export const isSignalProcessed: Operation<Args, boolean> = {
  name: "is_signal_processed",
  kind: "read",
  keys: ["signals:processed"],
  args: {
    signal_id: (a) => a.signalId,
    dedup_window: (a) => a.dedupWindow,
  },
  decode: (reply) => reply[0] === "processed",
  apply: (state, a, { now }) => remembers(state.processed, a.signalId, now, a.dedupWindow),
};
