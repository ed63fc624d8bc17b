import { type Operation, text } from "./operation.js";

interface Args {
  readonly token: number;
  /** ms from now */
  readonly ttl: number;
}

/** The new end of the lease, ms; undefined if the lease is no longer held. */
export const renewLease: Operation<Args, number | undefined> = {
  name: "renew_lease",
  kind: "change",
  keys: [],
  args: {
    token: (a) => a.token,
    ttl: (a) => a.ttl,
  },
  decode: (reply) => (reply[0] === "renewed" ? Number(text(reply, 1)) : undefined),
  apply(state, { token, ttl }, call) {
    const current = state.lease.value;
    if (current?.token !== token || current.until <= call.now) return undefined;

    const until = call.now + ttl;
    state.lease.value = { ...current, until };

    return until;
  },
};
