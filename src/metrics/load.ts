import { ConfigError } from "../errors.js";

/** `prom-client`, which is the user's to install. Rejects with a ConfigError that says so where it is not there. */
export async function loadPromClient() {
  try {
    return await import("prom-client");
  } catch (cause) {
    throw new ConfigError("metrics need the package prom-client: npm install prom-client@15", { cause });
  }
}

export type PromClient = Awaited<ReturnType<typeof loadPromClient>>;

/** What `metrics` are told as: the text format of Prometheus. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
