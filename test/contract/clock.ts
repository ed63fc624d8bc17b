export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** 2024-03-05, noon UTC. */
export const NOON = Date.UTC(2024, 2, 5, 12);

/** A clock that stands still until it is set. */
export class Clock {
  constructor(public now = NOON) {}

  readonly read = () => this.now;
}
