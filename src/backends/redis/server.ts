import { ConfigError, ConnectionError } from "../../errors.js";
import { field } from "./greeting.js";
import type { RedisConfig } from "./redis-config.js";

/** Refuses a server that is too old, that is a cluster node although no cluster is configured, or that may evict keys. `info`: the text of INFO. */
export function checkServer(
  info: string,
  address: string,
  { allow_eviction: allowEviction, cluster }: Pick<RedisConfig, "allow_eviction" | "cluster">,
): void {
  const valkey = field(info, "valkey_version");
  const version = valkey ?? field(info, "redis_version");
  const [name, floor]: [string, [number, number]] = valkey ? ["Valkey", [7, 2]] : ["Redis", [7, 0]];
  if (version === undefined) throw new ConnectionError(`${address}: the server's INFO names no version`);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < floor[0] || (major === floor[0] && minor < floor[1])) {
    throw new ConnectionError(`${address} runs ${name} ${version}; ${name} ${floor.join(".")} or newer is needed`);
  }
  if (field(info, "cluster_enabled") === "1" && !cluster) {
    throw new ConfigError(`${address} is a node of a Redis Cluster: redis.cluster: true finds each flow's master`);
  }
  const policy = field(info, "maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction" && !allowEviction) {
    throw new ConfigError(
      `${address} has maxmemory-policy ${policy}: it may evict positions and signals without a word. ` +
        "Set it to noeviction, or redis.allow_eviction: true if you accept the loss.",
    );
  }
}
