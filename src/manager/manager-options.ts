import type { Credentials } from "../backends/redis/redis-config.js";
import type { MemoryAccounts } from "../state/memory-accounts.js";

/** What is neither state nor configuration. */
export interface ManagerOptions {
  /** Replaces the flow's clock: ms since 1970. For paper trading, backtests and tests. */
  clock?: () => number;
  /** Who this process is, in heartbeats and events; by default host, pid and a random part. */
  instanceId?: string;
  /**
   * Open the flow only if it is there (else an UnknownFlowError), and leave its risk limits as they are: for looking at it and for
   * steering it from outside. A DuckDB file in which nothing is changed is left byte for byte as it is.
   */
  existing?: boolean;
  /**
   * Redis: asked for user and password whenever a connection is made, in place of those of the configuration; for credentials that change, such
   * as the tokens of a cloud. Without a `username` it is that of the configuration.
   */
  credentials?: Credentials;
  /** Memory: managers that are given the same one share its exchange accounts. By default each has its own. */
  accounts?: MemoryAccounts;
  /** Told what an operator may want to know. */
  logger?: Logger;
}

export interface Logger {
  info(message: string): void;
  warn(message: string): void;
}
