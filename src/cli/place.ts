/** The flows that a command is about: the values of `--config`, `--url` and `--duckdb`. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { loadConfig } from "../config/load.js";
import { parseRedisUrl } from "../config/redis-url.js";
import { type ResolvedConfig, resolveConfig } from "../config/schema.js";
import { UsageError } from "./exit-code.js";

/** The global options. */
export interface GlobalOptions {
  config?: string | undefined;
  url?: string | undefined;
  duckdb?: string | undefined;
  flow?: string | undefined;
  json?: true | undefined;
}

/** Bots of a flow may keep more events than this command knows: its changes must not trim their log. */
const KEEP_ALL_EVENTS = 10_000_000;

/**
 * The configuration to open a flow with: that of `--config`, at the place that `--url` or `--duckdb` name. Throws a UsageError if no place is named, a
 * ConfigError if the named one is wrong.
 *
 * An operator is not a bot: `execution.single_active` does not apply, and a server that may evict keys is accepted. An operator must be able to trip a
 * breaker, whoever holds the lease and however the server is configured.
 */
export async function configOf({ config: file, url, duckdb }: GlobalOptions): Promise<ResolvedConfig> {
  if (url !== undefined && duckdb !== undefined) throw new UsageError("give --url or --duckdb, not both");
  const config =
    file === undefined ? { ...resolveConfig(), events: { max_length: KEEP_ALL_EVENTS } } : await loadConfig(file);
  const placed = withPassword(at(config, url, duckdb === undefined ? undefined : await templateOf(duckdb)));
  if (placed.backend === "memory") {
    throw new UsageError(
      file === undefined
        ? "where is the flow? Say --config bot.yaml, --url redis://localhost:6379 or --duckdb state/bot.db"
        : `${file} says backend: memory, which lives and dies with the bot; say --url or --duckdb`,
    );
  }
  return {
    ...placed,
    redis: { ...placed.redis, allow_eviction: true },
    execution: { ...placed.execution, single_active: false },
  };
}

/** Passwords that must not be printed. */
export function passwordsOf({ redis }: ResolvedConfig): string[] {
  const url = parseRedisUrl(redis.url);
  return [redis.password, redis.sentinel_password, "fault" in url ? undefined : url.password].filter(
    (password) => password !== undefined,
  );
}

function at(config: ResolvedConfig, url: string | undefined, duckdb: string | undefined): ResolvedConfig {
  if (url !== undefined) {
    // The configured credentials and addresses belong to another server.
    const {
      username,
      password,
      password_file,
      nodes,
      nat_map,
      sentinels,
      sentinel_name,
      sentinel_username,
      sentinel_password,
      ...redis
    } = config.redis;
    return resolveConfig({ ...config, backend: "redis", redis: { ...redis, url } });
  }
  if (duckdb !== undefined)
    return resolveConfig({ ...config, backend: "duckdb", duckdb: { ...config.duckdb, path: duckdb } });
  return config;
}

/** A folder stands for the files in it that have the names of their flows. Rejects with a UsageError if the path names a folder that is not there. */
async function templateOf(path: string): Promise<string> {
  const folder = path.replace(/[/\\]+$/, "");
  const found = await stat(folder === "" ? path : folder).catch(() => undefined);
  if (found?.isDirectory()) return join(path, "{flow_id}.db");
  if (folder === path) return path;
  throw new UsageError(found ? `${folder} is not a folder: leave out the slash` : `there is no folder ${path}`);
}

/** As redis-cli does: a password that is given nowhere else comes from REDISCLI_AUTH, so that no process list shows it. */
function withPassword(config: ResolvedConfig): ResolvedConfig {
  const password = process.env.REDISCLI_AUTH;
  const { password: said, password_file } = config.redis;
  if (password === undefined || said !== undefined || password_file !== undefined || passwordsOf(config).length > 0)
    return config;
  return { ...config, redis: { ...config.redis, password } };
}
