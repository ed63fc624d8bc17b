/** Durations that were probably meant as something longer. */
import type { ResolvedConfig } from "./schema.js";

/** A duration where minutes, hours or days are meant is no shorter than this, ms. */
const SECOND = 1000;

export interface ShortDuration {
  /** The key, such as `signals.dedup_window`. */
  readonly key: string;
  readonly ms: number;
}

/** What is shorter than a second where that makes no sense: `dedup_window: 24` is 24 ms, not 24 hours. */
export function shortDurations({ signals, recovery, risk, account }: ResolvedConfig): ShortDuration[] {
  const meant: readonly (readonly [string, number | string | undefined])[] = [
    ["signals.dedup_window", signals.dedup_window],
    ["recovery.max_state_age", recovery.max_state_age],
    ["risk.breaker_duration", risk.breaker_duration],
    ...risk.guards.flatMap(
      (guard, at) =>
        [
          [`risk.guards[${at}].within`, guard.within],
          [`risk.guards[${at}].for`, guard.for],
        ] as const,
    ),
    ["account.breaker_duration", account?.breaker_duration],
  ];
  return meant.flatMap(([key, ms]) => (typeof ms === "number" && ms < SECOND ? [{ key, ms }] : []));
}

export function shortDurationWords({ key, ms }: ShortDuration): string {
  return `${key} is ${ms} ms, which is hardly meant: a number without a unit counts milliseconds`;
}

/** What to write instead. */
export function shortDurationAdvice({ key, ms }: ShortDuration): string {
  return `write ${key.split(".").at(-1)}: "${ms}h" for hours, "${ms}s" for seconds`;
}
