import { LockedError } from "../errors.js";
import { beginRecovery } from "../operations/begin-recovery.js";
import { endRecovery } from "../operations/end-recovery.js";
import { journalRecovery } from "../operations/journal-recovery.js";
import { renewRecovery } from "../operations/renew-recovery.js";
import * as check from "./check.js";
import type { FlowCalls } from "./flow-calls.js";
import { read } from "./outcome.js";
import { Recovery } from "./recovery.js";

/**
 * Begins a recovery and leaves it for anybody to resume, so that entries are refused until it has ended. If somebody holds a recovery, entries are refused
 * already. It needs no lease: the trading bot changes nothing by it.
 */
export async function blockEntries(calls: FlowCalls): Promise<void> {
  const outcome = await calls.runUnfenced(beginRecovery, { reason: "the state went back", ttl: 10_000 });
  if (outcome.begun) await calls.runUnfenced(renewRecovery, { token: outcome.token, ttl: 0 });
}

/** The recovery, begun or resumed; undefined while another process holds it. After the deadline a LockedError. */
export function takeRecovery(
  flowId: string,
  calls: FlowCalls,
  args: { readonly reason: string; readonly ttl: number },
  deadline: number,
  ended: () => Promise<void>,
): Promise<Recovery | undefined> {
  const askedAt = performance.now();
  return read(calls.run(beginRecovery, args), {
    value: (outcome) => {
      if (outcome.begun) {
        return new Recovery(outcome, args.ttl, askedAt, {
          renew: async (token, ttl) => (await calls.run(renewRecovery, { token, ttl })) !== undefined,
          note: (token, key, value) =>
            calls.run(journalRecovery, { token, key: check.id("key", key), value: check.note("value", value) }),
          end: async (token) => {
            const { outcome } = await calls.run(endRecovery, { token, heldUntil: undefined, reason: "" });
            await ended();
            return outcome === "ended";
          },
        });
      }
      if (performance.now() < deadline) return undefined;
      const until = new Date(outcome.until).toISOString();
      throw new LockedError(`flow ${flowId} is being recovered by ${outcome.holder}, which holds it until ${until}`);
    },
  });
}
