import { Redis } from "ioredis";
import { createClient } from "../../src/backends/redis/client.js";
import { resolveConfig } from "../../src/config/schema.js";
import { StateManager } from "../../src/manager/state-manager.js";
import { startRedis } from "../servers/redis.js";
import { RISK } from "./flow.js";
import type { Stand } from "./stand.js";
import type { Work } from "./work.js";

const KEY = "bench:raw";

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
    open: (flowId) => StateManager.open(flowId, { backend: "redis", redis, risk: RISK }),
    async [Symbol.asyncDispose]() {
      same.disconnect();
      plain.disconnect();
      await server.stop();
    },
  };
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
