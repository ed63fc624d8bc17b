import type { Alert } from "./alert.js";

/** Where alerts are sent. */
export interface Sink {
  /** Resolves when they have arrived. Rejects with a `NeverSent` if trying again is useless, with another error if it may help. */
  send(alerts: readonly Alert[]): Promise<void>;
}

/** The receiver will never accept these alerts. */
export class NeverSent extends Error {}

/** The receiver asks to wait this long, ms. */
export class WaitFor extends Error {
  constructor(
    message: string,
    readonly ms: number,
  ) {
    super(message);
  }
}
