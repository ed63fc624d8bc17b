import type { Backend, BackendContext } from "../backends/backend.js";
import { MemoryBackend } from "../backends/memory-backend.js";
import { OnDemand } from "../backends/on-demand.js";
import type { Credentials, RedisConfig } from "../backends/redis/redis-config.js";
import { duckdbPath } from "../config/flow-id.js";
import type { ResolvedConfig } from "../config/schema.js";

/** The configured backend. Redis and DuckDB load their libraries when they are opened. */
export function createBackend(config: ResolvedConfig, context: BackendContext, credentials?: Credentials): Backend {
  switch (config.backend) {
    case "redis":
      return new OnDemand(async () => {
        const { RedisBackend } = await import("../backends/redis/redis-backend.js");
        return new RedisBackend(context, withCredentials(config.redis, credentials));
      });
    case "duckdb":
      return new OnDemand(async () => {
        const { DuckdbBackend } = await import("../backends/duckdb/duckdb-backend.js");
        return new DuckdbBackend(context, duckdbPath(config.duckdb.path, context.flowId));
      });
    case "memory":
      return new MemoryBackend(context);
  }
}

/** The Redis configuration together with the function that gives credentials. */
export function withCredentials(redis: ResolvedConfig["redis"], credentials: Credentials | undefined): RedisConfig {
  return credentials ? { ...redis, credentials } : redis;
}
