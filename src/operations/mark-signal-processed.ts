import { remember, remembers } from "../state/memory.js";
import type { Operation } from "./operation.js";

interface Args {
  readonly signalId: string;
  readonly pair: string;
  readonly ts: number | undefined;
  /** ms */
  readonly dedupWindow: number;
  readonly maxIds: number;
}

export const markSignalProcessed: Operation<Args, boolean> = {
  name: "mark_signal_processed",
  kind: "change",
  keys: ["signals:processed", "signals:last"],
  args: {
    signal_id: (a) => a.signalId,
    pair: (a) => a.pair,
    ts: (a) => a.ts,
    dedup_window: (a) => a.dedupWindow,
    max_ids: (a) => a.maxIds,
  },
  words: {
    ts: 'ms of the signal; "" = now',
  },
  decode: (reply) => reply[0] === "marked",
  apply(state, a, call) {
    if (remembers(state.processed, a.signalId, call.now, a.dedupWindow)) return false;

    const ts = a.ts ?? call.now;

    state.lastSignal.value = { id: a.signalId, pair: a.pair, ts };
    remember(state.processed, a.signalId, call.now, a.dedupWindow, a.maxIds);
    state.emit(call, "signal_processed", () => ({ signal_id: a.signalId, pair: a.pair, ts: String(ts) }));

    return true;
  },
};
