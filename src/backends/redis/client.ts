import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { Redis, type RedisOptions } from "ioredis";
import { ConfigError } from "../../errors.js";
import { backoff } from "./backoff.js";
import { clusterConnector } from "./cluster.js";
import { natMapOf, type Place, placeText, sentinelConnector, serverConnector } from "./connectors.js";
import { loginOf, type RedisConfig, urlOf } from "./redis-config.js";

export interface Client {
  /**
   * One connection at a time: to the server, to the sentinels' master, or to the cluster's master of the key. It sends nothing by itself, not even a
   * login: its user greets the server first.
   */
  readonly redis: Redis;
  /** The address, for messages; never with a password. */
  readonly address: string;
  /** The requested database. */
  readonly db: number;
  readonly tls: boolean;
}

/** Callbacks while it connects. */
export interface Watching {
  /** How long to wait before the next attempt, ms. */
  readonly retryStrategy: () => number;
  /** Called when the other side takes a connection, before TLS is agreed on. */
  readonly accepted: () => void;
}

const UNWATCHED: Watching = { retryStrategy: () => backoff(1), accepted() {} };

/** How long a connection that we have ended waits for the other side to end it, too, ms. */
const FAREWELL = 100;

/** A connection without any traffic is given up after this part of `command_timeout`, so that there is time for another one. */
export function patience({ command_timeout }: RedisConfig): number {
  return Math.max(10, Math.floor(command_timeout / 3));
}

/** The same for an attempt to connect, and for the greeting on a connection. */
export function connectPatience({ connect_timeout }: RedisConfig): number {
  return Math.max(10, Math.floor(connect_timeout / 3));
}

/**
 * An ioredis client that never queues, resends or retries a call by itself, and neither logs in nor selects a database. It connects when told to. In a
 * cluster, `key` decides to which master.
 */
export function createClient(config: RedisConfig, key = "", { retryStrategy, accepted }: Watching = UNWATCHED): Client {
  const url = urlOf(config);
  const useTls = url.tls || config.tls !== undefined;
  const timeout = connectPatience(config);

  const common = {
    lazyConnect: true,
    protocol: 2,
    disableClientInfo: true,
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0, // what is in flight is rejected when the connection closes
    connectTimeout: timeout,
    disconnectTimeout: FAREWELL,
    ...(useTls && { tls: tlsOptions(config.tls ?? { reject_unauthorized: true }) }),
  } satisfies RedisOptions;
  const single = { ...common, enableOfflineQueue: false, retryStrategy } satisfies RedisOptions;
  const natMap = natMapOf(config.nat_map);

  if (config.cluster) {
    const members = config.nodes ?? [{ host: url.host, port: url.port }];
    const topology = { ...common, socketTimeout: patience(config), commandTimeout: config.command_timeout };
    const Connector = clusterConnector(members, key, topology, () => loginOf(config), natMap, accepted);
    return { redis: new Redis({ ...single, Connector }), address: addresses(members), db: 0, tls: useTls };
  }

  if (config.sentinels) {
    const options = {
      ...single,
      sentinels: config.sentinels,
      name: config.sentinel_name ?? "",
      role: "master",
      updateSentinels: true,
      sentinelRetryStrategy: backoff,
      sentinelCommandTimeout: timeout,
      ...(natMap && { natMap }),
      ...(config.sentinel_username !== undefined && { sentinelUsername: config.sentinel_username }),
      ...(config.sentinel_password !== undefined && { sentinelPassword: config.sentinel_password }),
      ...(useTls && { enableTLSForSentinelMode: true }),
    } satisfies RedisOptions;
    const redis = new Redis({ ...options, Connector: sentinelConnector(options, accepted) });
    const address = `${config.sentinel_name} of sentinels ${addresses(config.sentinels)}`;
    return { redis, address, db: url.db, tls: useTls };
  }

  const { db, host, port, path } = url;
  const place: Place = path === undefined ? { host, port } : { path };
  return {
    redis: new Redis({ ...single, Connector: serverConnector(place, common.tls, FAREWELL, accepted) }),
    address: placeText(place),
    db,
    tls: useTls,
  };
}

function addresses(places: readonly { host: string; port: number }[]): string {
  return places.map(placeText).join(", ");
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
