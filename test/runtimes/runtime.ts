import type { Stand } from "./stand.js";

/** A way to install, bundle or run the package. */
export interface Runtime {
  readonly name: string;
  /** Also in the short form, which CI runs every time. */
  readonly short: boolean;
  /** Rejects when the bot does not do there what it should; with a NotHere when the runtime cannot be had on this machine. */
  run(stand: Stand): Promise<void>;
}
