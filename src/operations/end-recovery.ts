import { FencedError } from "../errors.js";
import { type Operation, text } from "./operation.js";

interface Args {
  /** Undefined: any recovery, whoever holds it. */
  readonly token: number | undefined;
  /** ms: the recovery is not ended while somebody holds it for longer than this. */
  readonly heldUntil: number | undefined;
  readonly reason: string;
}

export type EndOutcome =
  | { readonly outcome: "ended" | "none" }
  | { readonly outcome: "held"; readonly holder: string; readonly until: number };

export const endRecovery: Operation<Args, EndOutcome> = {
  name: "end_recovery",
  kind: "change",
  keys: ["recovery:current", "recovery:journal"],
  args: {
    token: (a) => a.token,
    held_until: (a) => a.heldUntil,
    reason: (a) => a.reason,
  },
  words: {
    token: '"" = whoever holds it',
  },
  decode: (reply) =>
    reply[0] === "held"
      ? { outcome: "held", holder: text(reply, 1), until: Number(text(reply, 2)) }
      : { outcome: reply[0] === "ended" ? "ended" : "none" },
  apply(state, { token, heldUntil, reason }, call) {
    const { meta } = state;
    const current = state.recovery.value;
    if (!meta.value || meta.value.recovering === null) return { outcome: "none" };
    if (token !== undefined && current?.token !== token)
      throw new FencedError(`recovery ${token} is not under way: it has ended, or another process took it over`);
    if (heldUntil !== undefined && current && current.until > call.now && current.until > heldUntil) {
      return { outcome: "held", holder: current.holder, until: current.until };
    }

    meta.value = { ...meta.value, recovering: null };
    if (current) state.recovery.value = { ...current, until: 0 };
    for (const key of [...state.recoveryJournal.entries()].map(([name]) => name)) state.recoveryJournal.delete(key);
    state.emit(call, "recovery_ended", () => ({ reason }));

    return { outcome: "ended" };
  },
};
