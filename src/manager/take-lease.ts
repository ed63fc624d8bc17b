import { LockedError } from "../errors.js";
import { acquireLease } from "../operations/acquire-lease.js";
import { releaseLease } from "../operations/release-lease.js";
import { renewLease } from "../operations/renew-lease.js";
import type { FlowCalls } from "./flow-calls.js";
import { Lease } from "./lease.js";
import { read } from "./outcome.js";

/** The lease; undefined while another process holds it. After the deadline a LockedError. */
export function takeLease(flowId: string, calls: FlowCalls, ttl: number, deadline: number): Promise<Lease | undefined> {
  const askedAt = performance.now();
  return read(calls.runUnfenced(acquireLease, { ttl }), {
    value: (outcome) => {
      if (outcome.acquired) {
        const isOver = performance.now() >= askedAt + ttl; // the answer came too late
        if (isOver && performance.now() < deadline) return undefined;
        calls.actUnder(outcome.token);
        return new Lease(outcome.token, ttl, askedAt, {
          renew: async (token, ms) => (await calls.runUnfenced(renewLease, { token, ttl: ms })) !== undefined,
          release: (token) => calls.runUnfenced(releaseLease, { token, reason: "" }),
        });
      }
      if (performance.now() < deadline) return undefined;
      const until = new Date(outcome.until).toISOString();
      throw new LockedError(`the lease of flow ${flowId} is held by ${outcome.holder} until ${until}`);
    },
  });
}
