import type { RecoveryMode } from "../index.js";

/** What a run of one bot is asked for. */
export interface DemoOptions {
  /** A file of candles; absent: a synthetic market. */
  readonly candles: string | undefined;
  /** What the candles are of. */
  readonly pair: string | undefined;
  readonly seed: number;
  readonly days: number | undefined;
  readonly recovery: RecoveryMode;
  readonly approve: string | undefined;
  readonly verbose: boolean;
}
