/** Takes the recovery of a flow. A holder that died keeps it until its lease runs out; a living one keeps it. */
import { ConnectionError, LockedError } from "../../src/errors.js";
import type { Recovery } from "../../src/manager/recovery.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import { pause } from "./pause.js";

/** Pause between two tries, ms. */
const POLL = 200;

/**
 * The recovery, begun or resumed. Tries for `wait` ms, also while the connection is broken, then rejects with a LockedError that names the holder. `onWait`
 * is called with the reason for waiting, in words. Rejects with the reason of `signal` when that aborts.
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
