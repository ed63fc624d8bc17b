import { ConfigError } from "../errors.js";

/** Loads `prom-client`, which the user installs. Rejects with a ConfigError that says so if it is missing. */
export async function loadPromClient(): Promise<PromClient> {
  try {
    const client: PromClient & { readonly default?: PromClient } = await import("prom-client");
    return client.default ?? client; // it is CommonJS: some bundlers give it as the default alone
  } catch (cause) {
    throw new ConfigError("metrics need the package prom-client: npm install prom-client@15", { cause });
  }
}

export type PromClient = typeof import("prom-client");

/** What `metrics` are told as: the text format of Prometheus. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
