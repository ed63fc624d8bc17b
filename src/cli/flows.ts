import { findDuckdbFlows } from "../backends/duckdb/find-flows.js";
import { findRedisFlows } from "../backends/redis/find-flows.js";
import { duckdbPath } from "../config/flow-id.js";
import { parseRedisUrl } from "../config/redis-url.js";
import type { ResolvedConfig } from "../config/schema.js";

/** The flows at the place that a configuration names, by id. Nothing is written there. Rejects with a StateError. */
export function findFlows(config: ResolvedConfig): Promise<string[]> {
  return config.backend === "redis" ? findRedisFlows(config.redis) : findDuckdbFlows(config.duckdb.path);
}

/** The place, or a flow's file in it, for people; never with a password. */
export function placeName({ backend, redis, duckdb }: ResolvedConfig, flowId?: string): string {
  if (backend === "duckdb") return flowId === undefined ? duckdb.path : duckdbPath(duckdb.path, flowId);
  if (redis.sentinels) return `redis ${redis.sentinel_name} (sentinels)`;
  const url = parseRedisUrl(redis.url);
  const [{ host, port } = { host: "?", port: 0 }] = redis.nodes ?? ("fault" in url ? [] : [url]);
  const database = "db" in url && url.db !== 0 ? `/${url.db}` : "";
  return `redis ${redis.cluster ? "cluster " : ""}${host.includes(":") ? `[${host}]` : host}:${port}${database}`;
}
