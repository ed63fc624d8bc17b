import { type Operation, text } from "./operation.js";

export type LeaseOutcome =
  | { readonly acquired: true; readonly token: number; readonly until: number }
  | { readonly acquired: false; readonly token: number; readonly until: number; readonly holder: string };

export const acquireLease: Operation<{ readonly ttl: number }, LeaseOutcome> = {
  name: "acquire_lease",
  kind: "change",
  keys: [],
  args: {
    ttl: (a) => a.ttl,
  },
  decode(reply) {
    const token = Number(text(reply, 1));
    const until = Number(text(reply, 2));
    return reply[0] === "acquired"
      ? { acquired: true, token, until }
      : { acquired: false, token, until, holder: text(reply, 3) };
  },
  apply(state, { ttl }, call) {
    const current = state.lease.value;
    if (current && current.until > call.now) return { acquired: false, ...current };

    const token = Math.max((current?.token ?? 0) + 1, call.now);
    const until = call.now + ttl;

    state.emit(call, "lease_acquired", () => ({ token: String(token), holder: call.instance, until: String(until) }));
    state.lease.value = { token, holder: call.instance, until };

    return { acquired: true, token, until };
  },
};
