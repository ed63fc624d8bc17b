import type { Credentials } from "../backends/redis/redis-config.js";
import type { MemoryAccounts } from "../state/memory-accounts.js";

/** Options that are neither state nor configuration. */
export interface ManagerOptions {
  /** Replaces the flow's clock: ms since 1970. For paper trading, backtests and tests. */
  clock?: () => number;
  /** Name of this process in heartbeats and events; by default host, pid and a random part. */
  instanceId?: string;
  /**
   * Open the flow only if it exists (otherwise an UnknownFlowError), and leave its risk limits as they are: for looking at a flow and for steering it from
   * outside. A DuckDB file in which nothing is changed stays byte for byte as it is.
   */
  existing?: boolean;
  /**
   * Redis: called for user and password at every connection, instead of those of the configuration; for credentials that change, such as the tokens of a
   * cloud. Without a `username`, the configuration's is used.
   */
  credentials?: Credentials;
  /** Memory: managers that get the same object share its exchange accounts. By default each manager has its own. */
  accounts?: MemoryAccounts;
  /** Gets messages that an operator may want to know. */
  logger?: Logger;
}

export interface Logger {
  info(message: string): void;
  warn(message: string): void;
}
