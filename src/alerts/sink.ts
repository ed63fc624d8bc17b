import type { Alert } from "./alert.js";

/** Where alerts go. */
export interface Sink {
  /** Resolves when they have arrived. Rejects with a `NeverSent` where trying again is of no use, and with anything else where it may be. */
  send(alerts: readonly Alert[]): Promise<void>;
}

/** The receiver wants none of it. */
export class NeverSent extends Error {}

/** The receiver asks to be left alone for so long, ms. */
export class WaitFor extends Error {
  constructor(
    message: string,
    readonly ms: number,
  ) {
    super(message);
  }
}
