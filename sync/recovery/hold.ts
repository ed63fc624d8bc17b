/** Takes the recovery of a flow: a holder that died keeps it until its lease is over, one that lives keeps it. */
import { ConnectionError, LockedError } from "../../src/errors.js";
import type { Recovery } from "../../src/manager/recovery.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import { pause } from "./pause.js";

/** Between two tries, ms. */
const POLL = 200;

/**
 * The recovery, begun or resumed. Tries for `wait` ms, through a break of the connection too; then rejects with a LockedError that names
 * the holder. `onWait` is told why it waits, in words. Rejects with the reason of `signal` when that aborts.
 */
export async function holdRecovery(
  mgr: StateManager,
  reason: string,
  { ttl, wait, signal }: { readonly ttl: number; readonly wait: number; readonly signal: AbortSignal | undefined },
  onWait: (why: string) => void,
): Promise<Recovery> {
  const until = performance.now() + wait;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await mgr.beginRecovery(reason, { ttl });
    } catch (error) {
      const mayPass = error instanceof LockedError || error instanceof ConnectionError;
      if (!mayPass || performance.now() >= until) throw error;
      onWait(error.message);
    }
    await pause(Math.min(POLL, Math.max(0, until - performance.now())), signal);
  }
}
