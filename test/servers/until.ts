import { setTimeout as pause } from "node:timers/promises";

const DEADLINE_MS = 30_000;
const POLL_MS = 10;

/** Thrown by a condition that can no longer come true: `until` stops waiting and passes it on. */
export class HopelessError extends Error {}

/**
 * Resolves as soon as `condition` holds. A condition that throws does not hold yet, unless it throws a `HopelessError`.
 * Rejects after the deadline (30 s), naming what was awaited, with the condition's last error as its cause.
 */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  let cause: unknown;
  while (performance.now() < deadline) {
    try {
      if (await condition()) return;
      cause = undefined;
    } catch (error) {
      if (error instanceof HopelessError) throw error;
      cause = error;
    }
    await pause(POLL_MS);
  }
  throw new Error(`waited ${DEADLINE_MS / 1000} s in vain: ${what}`, { cause });
}
