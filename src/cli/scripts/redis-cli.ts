/** Calls of redis-cli, as words and as a shell line. */
import type { Script } from "../../backends/redis/scripts.js";
import { parseRedisUrl } from "../../config/redis-url.js";
import type { ResolvedConfig } from "../../config/schema.js";

/** How a script is run by hand: from its file, by its hash once it is loaded, or step by step. */
export const WAYS = ["eval", "evalsha", "ldb"] as const;
export type Way = (typeof WAYS)[number];

/** A script with all its keys and arguments. */
export interface ScriptRun {
  readonly script: Script;
  readonly file: string;
  readonly keys: readonly string[];
  readonly argv: readonly string[];
}

/** The words after `redis-cli`, including the connection's flags. */
export function wordsOf(way: Way, connection: readonly string[], { script, file, keys, argv }: ScriptRun): string[] {
  switch (way) {
    case "eval":
      return [...connection, "--eval", file, ...keys, ",", ...argv];
    case "evalsha":
      return [...connection, "EVALSHA", script.sha, String(keys.length), ...keys, ...argv];
    case "ldb":
      return [...connection, "--ldb", "--eval", file, ...keys, ",", ...argv];
  }
}

/** The flags that connect redis-cli to the configured server; never with a password. */
export function connectionFlags(
  redis: ResolvedConfig["redis"],
  place: { host: string; port: number } | { path: string },
): string[] {
  const url = parseRedisUrl(redis.url);
  const parts = "fault" in url ? undefined : url;
  const { tls, username = parts?.username } = redis;
  return [
    ...("path" in place ? ["-s", place.path] : ["-h", place.host, "-p", String(place.port)]),
    ...(parts && parts.db !== 0 ? ["-n", String(parts.db)] : []),
    ...(username === undefined ? [] : ["--user", username]),
    ...(parts?.tls || tls ? ["--tls"] : []),
    ...(tls?.ca_file === undefined ? [] : ["--cacert", tls.ca_file]),
    ...(tls?.cert_file === undefined ? [] : ["--cert", tls.cert_file]),
    ...(tls?.key_file === undefined ? [] : ["--key", tls.key_file]),
    ...(tls?.server_name === undefined ? [] : ["--sni", tls.server_name]),
    ...(tls?.reject_unauthorized === false ? ["--insecure"] : []),
  ];
}
