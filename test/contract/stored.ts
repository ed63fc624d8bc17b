import { Redis } from "ioredis";
import { FlowKeys } from "../../src/backends/redis/keys.js";
import type { StateManager } from "../../src/index.js";
import { everything } from "./expect.js";

/** The keys of a flow in Redis with all that they hold, without the answers that Redis remembers; none on the other backends. */
async function keyspace({ config, flowId }: StateManager): Promise<Readonly<Record<string, unknown>>> {
  if (config.backend !== "redis") return {};
  const found: Record<string, unknown> = {};
  const flow = new FlowKeys(config.redis.key_prefix, flowId, config.redis.cluster);
  const client = new Redis(config.redis.url);
  try {
    const keys = await client.keys(`${flow.key("flow:meta").replace("flow:meta", "")}*`);
    for (const key of keys.sort()) {
      if (!key.startsWith(flow.key("execution:call"))) found[key] = await contents(client, key);
    }
  } finally {
    client.disconnect();
  }
  return found;
}

/** Not a DUMP: the order of a hash in it may change with every read. */
async function contents(client: Redis, key: string): Promise<unknown> {
  const type = await client.type(key);
  switch (type) {
    case "hash":
      return Object.entries(await client.hgetall(key)).sort(([a], [b]) => (a < b ? -1 : 1));
    case "zset":
      return client.zrange(key, "0", "-1", "WITHSCORES");
    case "stream":
      return client.xrange(key, "-", "+");
    case "string":
      return client.get(key);
    default:
      throw new Error(`${key} is a ${type}`);
  }
}

/** All there is of a flow: what a manager tells, every event, and in Redis the keys themselves. */
export async function stored(manager: StateManager) {
  return {
    told: await everything(manager),
    events: await manager.getEvents({ limit: 10_000 }),
    keys: await keyspace(manager),
  };
}

/** The same without what a refusal changes: the day's count of its reason, and the refusals that are kept. */
export async function storedBesidesRefusals(manager: StateManager) {
  const { told, events, keys } = await stored(manager);
  const { admissions, ...others } = told;
  const besides = Object.entries(keys).filter(([key]) => !/:admission:(?:stats|refusals)$/.test(key));
  return { told: others, events, keys: Object.fromEntries(besides) };
}
