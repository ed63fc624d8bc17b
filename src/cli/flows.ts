import type { FoundFlows } from "../backends/redis/find-flows.js";
import { duckdbPath } from "../config/flow-id.js";
import { parseRedisUrl } from "../config/redis-url.js";
import type { ResolvedConfig } from "../config/schema.js";

/** The flows at the place that a configuration names. Nothing is written there. Rejects with a StateError. */
export async function findFlows(config: ResolvedConfig): Promise<FoundFlows> {
  if (config.backend === "redis") {
    const { findRedisFlows } = await import("../backends/redis/find-flows.js");
    return findRedisFlows(config.redis);
  }
  const { findDuckdbFlows } = await import("../backends/duckdb/find-flow-files.js");
  return { flows: await findDuckdbFlows(config.duckdb.path), failures: [] };
}

/** Does something with each of many items, a few at a time; a failure does not stop the others. Resolves to the results, in the order of the items. */
export async function forEach<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<PromiseSettledResult<Result>[]> {
  const results: PromiseSettledResult<Result>[] = [];
  const queue = items.entries();
  const lane = async () => {
    for (const [at, item] of queue) [results[at]] = await Promise.allSettled([work(item)]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}

const AT_ONCE = 8;

/** Words that there is no flow at a place, and why, if that is known. */
export function noFlow(config: ResolvedConfig, { empty }: Pick<FoundFlows, "empty">): string {
  return `no flow at ${placeName(config)}${empty === undefined ? "" : `: ${empty}`}`;
}

/** The name of a place, or of a flow's file in it, for people; never with a password. */
export function placeName({ backend, redis, duckdb }: ResolvedConfig, flowId?: string): string {
  if (backend === "duckdb") return flowId === undefined ? duckdb.path : duckdbPath(duckdb.path, flowId);
  if (redis.sentinels) return `redis ${redis.sentinel_name} (sentinels)`;
  const url = parseRedisUrl(redis.url);
  if ("path" in url) return `redis ${url.path}${url.db === 0 ? "" : ` database ${url.db}`}`;
  const [{ host, port } = { host: "?", port: 0 }] = redis.nodes ?? ("fault" in url ? [] : [url]);
  const database = "db" in url && url.db !== 0 ? `/${url.db}` : "";
  return `redis ${redis.cluster ? "cluster " : ""}${host.includes(":") ? `[${host}]` : host}:${port}${database}`;
}
