/** Where flows are: a Redis, or a folder of DuckDB files. */
import type { FoundFlows } from "../backends/redis/find-flows.js";
import { findFlows, placeName } from "../cli/flows.js";
import { Invocation } from "../cli/invocation.js";
import type { GlobalOptions } from "../cli/place.js";
import type { Terminal } from "../cli/terminal.js";
import type { ResolvedConfig } from "../config/schema.js";
import type { AccountAccess } from "../manager/account-access.js";
import type { StateManager } from "../manager/state-manager.js";
import { type Watched, watchedOf } from "../wants/watched.js";

export interface Place {
  /** Its name in the page's paths. */
  readonly id: string;
  readonly kind: "redis" | "folder";
  /** For people; without credentials. */
  readonly name: string;
  readonly config: ResolvedConfig;
  readonly watched: Watched;
  find(): Promise<FoundFlows>;
  /** Opens a flow that exists, as an operator. */
  open(flowId: string): Promise<StateManager>;
  openAccount(name: string): Promise<AccountAccess>;
  /** The text without the place's passwords. */
  redact(text: string): string;
}

/** The place that options of the command line name. Rejects with a UsageError or a ConfigError. */
export async function placeAt(id: string, terminal: Terminal, options: GlobalOptions): Promise<Place> {
  const invocation = new Invocation(terminal, options);
  const config = await invocation.config();
  return {
    id,
    kind: config.backend === "duckdb" ? "folder" : "redis",
    name: placeName(config),
    config,
    watched: watchedOf(config, undefined),
    find: () => findFlows(config),
    open: (flowId) => invocation.openFlow(flowId),
    openAccount: (name) => invocation.openAccount(name),
    redact: (text) => invocation.redact(text),
  };
}

/** The error in words for people. */
export function wordsOf(place: Place, error: unknown): string {
  return place.redact(error instanceof Error ? error.message : String(error));
}
