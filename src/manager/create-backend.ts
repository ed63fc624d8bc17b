import type { Backend, BackendContext } from "../backends/backend.js";
import { DuckdbBackend } from "../backends/duckdb/duckdb-backend.js";
import { MemoryBackend } from "../backends/memory-backend.js";
import { RedisBackend } from "../backends/redis/redis-backend.js";
import { duckdbPath } from "../config/flow-id.js";
import type { ResolvedConfig } from "../config/schema.js";

/** The backend that a configuration names; it connects to nothing yet. */
export function createBackend(config: ResolvedConfig, context: BackendContext): Backend {
  switch (config.backend) {
    case "redis":
      return new RedisBackend(context, config.redis);
    case "duckdb":
      return new DuckdbBackend(context, duckdbPath(config.duckdb.path, context.flowId));
    case "memory":
      return new MemoryBackend(context);
  }
}
