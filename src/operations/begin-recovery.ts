import { pairsOf } from "../words/pairs.js";
import { type Operation, text, texts } from "./operation.js";

interface Args {
  readonly reason: string;
  /** ms that its holder may work before it has to renew. */
  readonly ttl: number;
}

export type RecoveryOutcome =
  | { readonly begun: true; readonly id: number; readonly token: number; readonly journal: ReadonlyMap<string, string> }
  | { readonly begun: false; readonly holder: string; readonly until: number };

export const beginRecovery: Operation<Args, RecoveryOutcome> = {
  name: "begin_recovery",
  kind: "change",
  keys: ["recovery:current", "recovery:journal"],
  args: {
    reason: (a) => a.reason,
    ttl: (a) => a.ttl,
  },
  words: {
    reason: "",
    ttl: "ms for which its holder may work before it has to renew",
  },
  decode(reply) {
    if (reply[0] === "held") return { begun: false, holder: text(reply, 1), until: Number(text(reply, 2)) };
    return {
      begun: true,
      id: Number(text(reply, 1)),
      token: Number(text(reply, 2)),
      journal: new Map(pairsOf(texts(reply, 3))),
    };
  },
  apply(state, { reason, ttl }, call) {
    const { meta } = state;
    const current = state.recovery.value;
    if (current && current.until > call.now && current.holder !== call.instance) {
      return { begun: false, holder: current.holder, until: current.until };
    }

    const token = Math.max((current?.token ?? 0) + 1, call.now);
    const unfinished = meta.value?.recovering != null && current !== undefined;
    const id = unfinished ? current.id : token;

    state.emit(call, "recovery_begun", () => ({ id: String(id), reason }));
    state.recovery.value = {
      id,
      token,
      holder: call.instance,
      until: call.now + ttl,
      begun_at: unfinished ? current.begun_at : call.now,
    };
    if (meta.value) meta.value = { ...meta.value, recovering: reason };

    return { begun: true, id, token, journal: new Map(state.recoveryJournal.entries()) };
  },
};
