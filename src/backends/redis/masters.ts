import type { Socket } from "node:net";
import { ConnectionError } from "../../errors.js";
import { mastersIn } from "./cluster.js";
import { Connection } from "./connection.js";
import { natMapOf, type Place, type ServerAddress } from "./connectors.js";
import { deniedText } from "./denied.js";
import { literal } from "./keys.js";
import { loopClock } from "./loop-clock.js";
import { type RedisConfig, urlOf } from "./redis-config.js";

/** A configuration for each server that holds flows: the only one, or each master of the cluster. */
export async function mastersOf(config: RedisConfig): Promise<RedisConfig[]> {
  if (!config.cluster) return [config];
  const url = urlOf(config);
  const natMap = natMapOf(config.nat_map);
  const asked = config.nodes?.[0] ?? url;
  const named = await onServer(config, async (send) => mastersIn(await send("cluster", ["SLOTS"]), asked));
  const masters = named.map((place) => natMap?.[`${place.host}:${place.port}`] ?? place);
  const { nodes: _, nat_map: __, username = url.username, password = url.password, ...rest } = config;
  return masters.map((place) => ({
    ...rest,
    cluster: false,
    url: `${url.tls ? "rediss" : "redis"}://${hostIn(place)}:${place.port}`,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  }));
}

/** The server that holds a key now; sentinels or a cluster are asked for it. Rejects with a ConnectionError. */
export async function serverOf(config: RedisConfig, key: string): Promise<Place> {
  const url = urlOf(config);
  if (!config.cluster && !config.sentinels) return url.path === undefined ? url : { path: url.path };
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
 * Runs `work` on a connection of its own; in a cluster, to the master of the key. Rejects with a ConnectionError if there is no connection, or if a command
 * fails or gets no answer in time.
 */
export async function onServer<Result>(
  config: RedisConfig,
  work: (send: Send, socket: Socket) => Promise<Result>,
  key = "",
): Promise<Result> {
  const connection = new Connection(config, key);
  const deadline = (time = config.command_timeout) => loopClock.now() + time;
  const told = (error: unknown): never => {
    const why = error instanceof Error ? error.message : String(error);
    const holder = { user: connection.user, keys: [`${literal(config.key_prefix)}:*`] };
    throw new ConnectionError(`Redis at ${connection.address}: ${/^NOPERM/.test(why) ? deniedText(why, holder) : why}`);
  };
  try {
    await connection.ready(deadline(config.connect_timeout), true).catch(told);
    return await work((name, args) => connection.send(name, args, deadline()).catch(told), connection.stream);
  } finally {
    connection.close();
  }
}

function hostIn({ host }: ServerAddress): string {
  return host.includes(":") ? `[${host}]` : host;
}
