/** Waits for a lease or a recovery, which one process at a time can hold. */
import { setTimeout as pause } from "node:timers/promises";
import type { Duration } from "../config/duration.js";
import { ConnectionError, InvalidArgumentError } from "../errors.js";
import * as check from "./check.js";
import { isUnknown } from "./outcome.js";

export interface HoldOptions {
  ttl?: Duration;
  wait?: Duration;
}

/** Pause between two tries, ms. */
const POLL = 200;

/** The times of holding and waiting, ms. */
export function holdArguments(options: HoldOptions): { ttl: number; wait: number } {
  const o = check.fields("options", options, ["ttl", "wait"]);
  const ttl = check.optionalDuration("ttl", o.ttl) ?? 10_000;
  if (ttl < 100 || ttl > 86_400_000) throw new InvalidArgumentError(`ttl: expected 100ms to 24h, got ${ttl} ms`);
  return { ttl, wait: check.optionalDuration("wait", o.wait) ?? 0 };
}

/** Tries until there is a result, until `wait` ms are over or, while Redis is away, until `closing` aborts. */
export async function waitFor<T>(
  wait: number,
  closing: () => boolean,
  attempt: (deadline: number) => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + wait;
  const ask = () => attempt(deadline);
  for (let next = ask; ; ) {
    try {
      const got = await next();
      if (got !== undefined) return got;
      next = ask;
    } catch (error) {
      const unknown = isUnknown<T | undefined>(error) ? error : undefined;
      const isAway = unknown !== undefined || error instanceof ConnectionError;
      if (!isAway || closing() || performance.now() >= deadline) throw error;
      // The last try may have acquired it already, so it is repeated: a new call would wait for it.
      next = unknown?.retry ?? ask;
    }
    await pause(Math.min(deadline - performance.now(), POLL));
  }
}
