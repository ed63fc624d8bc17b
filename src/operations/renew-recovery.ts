import { type Operation, text } from "./operation.js";

interface Args {
  readonly token: number;
  /** ms from now; 0 leaves it unfinished: anybody may resume it. */
  readonly ttl: number;
}

/** Until when the recovery is held, ms; undefined if it has another token, or is over. */
export const renewRecovery: Operation<Args, number | undefined> = {
  name: "renew_recovery",
  kind: "change",
  keys: ["recovery:current"],
  args: {
    token: (a) => a.token,
    ttl: (a) => a.ttl,
  },
  words: {
    ttl: "ms from now; 0 = anybody may resume it",
  },
  decode: (reply) => (reply[0] === "renewed" ? Number(text(reply, 1)) : undefined),
  apply(state, { token, ttl }, call) {
    const current = state.recovery.value;
    if (state.meta.value?.recovering == null || current?.token !== token) return undefined;

    const until = call.now + ttl;
    state.recovery.value = { ...current, until };

    return until;
  },
};
