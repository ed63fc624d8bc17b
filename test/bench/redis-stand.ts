import { Redis } from "ioredis";
import { createClient } from "../../src/backends/redis/client.js";
import { resolveConfig } from "../../src/config/schema.js";
import { StateManager } from "../../src/manager/state-manager.js";
import { BackupFile } from "../../src/transfer/backup-file.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import { RedisPlace } from "../../src/transfer/redis-place.js";
import { startRedis } from "../servers/redis.js";
import { RISK } from "./flow.js";
import type { Stand } from "./stand.js";
import type { Work } from "./work.js";

const KEY = "bench:raw";

/** Entries that the server's log of slow calls keeps while it is looked at. */
const MOST_LOGGED = 10_000;

/** The least that a script can do: one key, one GET. */
const MINIMAL = "return redis.call('GET', KEYS[1])";

/**
 * A Redis of its own, kept in memory only. The raw commands go through an ioredis client made with the library's options, and
 * for orientation through a plain `new Redis(port)` as well.
 */
export async function redisStand(): Promise<Stand> {
  const server = await startRedis();
  // On a busy machine the export of a big flow takes longer than the default: that is for the table to say.
  const redis = { url: server.url, command_timeout: 60_000 };
  const { redis: same } = createClient(resolveConfig({ redis }).redis);
  if (!(same instanceof Redis)) throw new Error("expected a client of one server");
  await same.connect();
  const plain = new Redis(server.port, server.host);
  const sha = String(await plain.script("LOAD", MINIMAL));
  await plain.set(KEY, "value");
  const info = await plain.info("server");

  return {
    backend: "redis",
    server: `Redis ${/redis_version:(\S+)/.exec(info)?.[1]} on 127.0.0.1, no persistence`,
    inFlight: 200,
    sequential: { name: "SET", call: (id) => same.set(KEY, id) },
    concurrent: [
      { name: "EVALSHA", call: () => same.evalsha(sha, 1, KEY) },
      corked({ name: "EVALSHA, corked", call: () => same.evalsha(sha, 1, KEY) }, same),
    ],
    others: [
      { name: "SET, new Redis(port)", call: (id) => plain.set(KEY, id) },
      { name: "EVALSHA, new Redis(port)", call: () => plain.evalsha(sha, 1, KEY) },
    ],
    async restore(path, flowId) {
      using place = await RedisPlace.connect(resolveConfig({ redis }).redis, flowId);
      await copyFlow(new BackupFile(path), place, { toFlow: flowId, replace: false });
    },
    async longestBlock(watched) {
      await plain.config("SET", "slowlog-log-slower-than", "0");
      await plain.config("SET", "slowlog-max-len", String(MOST_LOGGED));
      await plain.slowlog("RESET");
      await watched();
      const log: unknown = await plain.slowlog("GET", MOST_LOGGED);
      await plain.config("SET", "slowlog-log-slower-than", "-1");
      return longestOf(log) / 1000;
    },
    open: (flowId) => StateManager.open(flowId, { backend: "redis", redis, risk: RISK }),
    async [Symbol.asyncDispose]() {
      same.disconnect();
      plain.disconnect();
      await server.stop();
    },
  };
}

/** The longest of the log's entries, µs: each is its id, when it was, how long it took, and more. */
function longestOf(log: unknown): number {
  const entries: readonly unknown[] = Array.isArray(log) ? log : [];
  return Math.max(0, ...entries.map((entry) => (Array.isArray(entry) ? Number(entry[2]) : 0)));
}

/** The same calls, those of one turn of the event loop in one write to the socket: what the library does with its own. */
function corked({ name, call }: Work, redis: Redis): Work {
  let waiting = false;
  return {
    name,
    call(id) {
      const { stream } = redis;
      if (!waiting) {
        waiting = true;
        stream.cork();
        process.nextTick(() => {
          waiting = false;
          stream.uncork();
        });
      }
      return call(id);
    },
  };
}
