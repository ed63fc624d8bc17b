import type { Socket } from "node:net";
import { parseRedisUrl } from "../../config/redis-url.js";
import type { ResolvedConfig } from "../../config/schema.js";
import { ConfigError, ConnectionError } from "../../errors.js";
import { mastersIn } from "./cluster.js";
import { Connection } from "./connection.js";
import type { ServerAddress } from "./connectors.js";
import { loopClock } from "./loop-clock.js";

type RedisConfig = ResolvedConfig["redis"];

/** How to reach every server that holds flows, each by itself: the one there is, or all masters of the cluster. */
export async function mastersOf(config: RedisConfig): Promise<RedisConfig[]> {
  if (!config.cluster) return [config];
  const url = parseRedisUrl(config.url);
  if ("fault" in url) throw new ConfigError(`redis.url: expected ${url.fault}`);
  const asked = config.nodes?.[0] ?? url;
  const masters = await onServer(config, async (send) => mastersIn(await send("cluster", ["SLOTS"]), asked));
  const { nodes: _, username = url.username, password = url.password, ...rest } = config;
  return masters.map((place) => ({
    ...rest,
    cluster: false,
    url: `${url.tls ? "rediss" : "redis"}://${hostIn(place)}:${place.port}`,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  }));
}

/** The server that has a key now: it takes asking where sentinels or a cluster know it. Rejects with a ConnectionError. */
export async function serverOf(config: RedisConfig, key: string): Promise<ServerAddress> {
  const url = parseRedisUrl(config.url);
  if ("fault" in url) throw new ConfigError(`redis.url: expected ${url.fault}`);
  if (!config.cluster && !config.sentinels) return url;
  return onServer(
    config,
    async (_, { remoteAddress: host, remotePort: port }) => {
      if (host === undefined || port === undefined) throw new ConnectionError("Redis: the connection was lost");
      return { host, port };
    },
    key,
  );
}

/** Sends one command and resolves to its reply. */
export type Send = (name: string, args: (string | number)[]) => Promise<unknown>;

/**
 * Does some work on a connection of its own; in a cluster, to the master of the key. Rejects with a ConnectionError when there is no connection, or a command fails or
 * gets no answer, within `command_timeout`.
 */
export async function onServer<Result>(
  config: RedisConfig,
  work: (send: Send, socket: Socket) => Promise<Result>,
  key = "",
): Promise<Result> {
  const connection = new Connection(config, key);
  const deadline = () => loopClock.now() + config.command_timeout;
  const told = (error: unknown): never => {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConnectionError(`Redis at ${connection.address}: ${why}`);
  };
  try {
    await connection.ready(deadline()).catch(told);
    return await work((name, args) => connection.send(name, args, deadline()).catch(told), connection.stream);
  } finally {
    connection.close();
  }
}

function hostIn({ host }: ServerAddress): string {
  return host.includes(":") ? `[${host}]` : host;
}
