/** DuckDB's library: a package that a user installs beside this one. It is loaded only when a file is opened. */
import type * as Library from "@duckdb/node-api";
import { ConfigError } from "../../errors.js";

export type Duckdb = typeof Library;

let loaded: Duckdb | undefined;

/** Loads the library. `who` names what needs it. Rejects with a ConfigError that says what to install if the library is missing or does not run here. */
export async function loadDuckdb(who = "backend: duckdb"): Promise<Duckdb> {
  try {
    loaded ??= await import("@duckdb/node-api");
  } catch (cause) {
    const [reason] = String(cause instanceof Error ? cause.message : cause)
      .trim()
      .split("\n");
    throw new ConfigError(`${who} needs the package @duckdb/node-api: npm install @duckdb/node-api (${reason})`, {
      cause,
    });
  }
  return loaded;
}

/** The library, for whoever works on a file that is open. */
export function duckdb(): Duckdb {
  if (!loaded) throw new Error("DuckDB's library is used before loadDuckdb()");
  return loaded;
}
