import type { SignalState } from "../types.js";
import { list, type Operation, text } from "./operation.js";
import { signalsFromReply, signalsView } from "./view-signals.js";

export const getSignalState: Operation<{ readonly dedupWindow: number }, SignalState> = {
  name: "get_signal_state",
  kind: "read",
  keys: ["signals:processed", "signals:cooldowns", "signals:last"],
  args: {
    dedup_window: (a) => a.dedupWindow,
  },
  decode: (reply) => signalsFromReply([text(reply, 1), text(reply, 2), text(reply, 3)], list(reply, 4), list(reply, 5)),
  apply: (state, { dedupWindow }, { now }) => signalsView(state, now, dedupWindow),
};
