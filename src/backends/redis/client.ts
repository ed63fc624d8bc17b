import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { Redis, type RedisOptions } from "ioredis";
import { parseRedisUrl } from "../../config/redis-url.js";
import type { ResolvedConfig } from "../../config/schema.js";
import { ConfigError } from "../../errors.js";
import { backoff } from "./backoff.js";
import { clusterConnector } from "./cluster.js";
import { sentinelConnector, serverConnector } from "./connectors.js";

type RedisConfig = ResolvedConfig["redis"];

export interface Client {
  /** One connection at a time: to the server, to the sentinels' master, or to the cluster's master of the key. */
  readonly redis: Redis;
  /** Where it connects to, for messages; never with a password. */
  readonly address: string;
}

/** How long a connection that we have ended waits for the other side to end it, too, ms. */
const FAREWELL = 100;

/** How soon to look again whether a server has loaded its data, ms. */
const LOADING_PAUSE = 50;

/** A connection on which nothing moves is given up after this part of `command_timeout`, so that there is time for another one. */
export function patience({ command_timeout }: RedisConfig): number {
  return Math.max(10, Math.floor(command_timeout / 3));
}

/** An ioredis client that neither queues, resends nor retries a call by itself; connects when told to. In a cluster `key` says where. */
export function createClient(config: RedisConfig, key = ""): Client {
  const url = parseRedisUrl(config.url);
  if ("fault" in url) throw new ConfigError(`redis.url: expected ${url.fault}`);
  const username = config.username ?? url.username;
  const password = config.password ?? url.password;
  const useTls = url.tls || config.tls !== undefined;
  const timeout = patience(config);

  const common = {
    lazyConnect: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0, // what was in flight is rejected when the connection closes
    connectTimeout: timeout,
    disconnectTimeout: FAREWELL,
    maxLoadingRetryTime: LOADING_PAUSE,
    ...(username !== undefined && { username }),
    ...(password !== undefined && password !== "" && { password }),
    ...(useTls && { tls: tlsOptions(config.tls ?? { reject_unauthorized: true }) }),
  } satisfies RedisOptions;
  const single = { ...common, enableOfflineQueue: false, retryStrategy: backoff } satisfies RedisOptions;

  if (config.cluster) {
    const members = config.nodes ?? [{ host: url.host, port: url.port }];
    return {
      redis: new Redis({
        ...single,
        Connector: clusterConnector(members, key, {
          ...common,
          socketTimeout: timeout,
          commandTimeout: config.command_timeout,
        }),
      }),
      address: addresses(members),
    };
  }

  if (config.sentinels) {
    const options = {
      ...single,
      db: url.db,
      sentinels: config.sentinels,
      name: config.sentinel_name ?? "",
      role: "master",
      updateSentinels: true,
      sentinelRetryStrategy: backoff,
      sentinelCommandTimeout: timeout,
      ...(config.sentinel_username !== undefined && { sentinelUsername: config.sentinel_username }),
      ...(config.sentinel_password !== undefined && { sentinelPassword: config.sentinel_password }),
      ...(useTls && { enableTLSForSentinelMode: true }),
    } satisfies RedisOptions;
    const redis = new Redis({ ...options, Connector: sentinelConnector(options) });
    return { redis, address: `${config.sentinel_name} of sentinels ${addresses(config.sentinels)}` };
  }

  const { db, host, port } = url;
  return {
    redis: new Redis({ ...single, db, Connector: serverConnector({ host, port }, common.tls, FAREWELL) }),
    address: addresses([url]),
  };
}

function addresses(places: readonly { host: string; port: number }[]): string {
  return places.map(({ host, port }) => `${host}:${port}`).join(", ");
}

function tlsOptions(tls: NonNullable<RedisConfig["tls"]>): ConnectionOptions {
  return {
    rejectUnauthorized: tls.reject_unauthorized,
    ...(tls.ca_file !== undefined && { ca: pem("redis.tls.ca_file", tls.ca_file) }),
    ...(tls.cert_file !== undefined && { cert: pem("redis.tls.cert_file", tls.cert_file) }),
    ...(tls.key_file !== undefined && { key: pem("redis.tls.key_file", tls.key_file) }),
    ...(tls.server_name !== undefined && { servername: tls.server_name }),
  };
}

function pem(path: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ConfigError(`${path}: expected a readable PEM file, got ${JSON.stringify(file)}`, { cause });
  }
}
