import { Redis } from "ioredis";
import type { LoggedEvent } from "../faults/record.js";

/** Everything that Redis has of a flow, read behind the library's back. */
export interface Store {
  /** In the order in which the scripts ran. */
  readonly events: readonly LoggedEvent[];
  /** The ids of the events. */
  readonly ids: readonly string[];
  /** Hashes by field; sorted sets by member, with their scores; trades by key. Keys without the flow's prefix. */
  readonly keys: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const LOG = "events:log";
/** Answers to calls are no part of what a flow holds. */
const ANSWERS = "execution:call:";

export async function readStore(port: number, flowId: string): Promise<Store> {
  const redis = new Redis(port, "127.0.0.1");
  const prefix = `sf:${flowId}:`;
  try {
    const log = await redis.xrange(prefix + LOG, "-", "+");
    const keys: Record<string, Record<string, string>> = {};
    for (const key of await redis.keys(`${prefix}*`)) {
      const name = key.slice(prefix.length);
      if (name === LOG || name.startsWith(ANSWERS)) continue;
      const type = await redis.type(key);
      if (type === "hash") keys[name] = await redis.hgetall(key);
      else if (type === "zset") keys[name] = paired(await redis.zrange(key, 0, "-1", "WITHSCORES"));
      else if (type === "stream") keys[name] = tradesOf(await redis.xrange(key, "-", "+"));
      else throw new Error(`nobody knows the ${type} ${name}`);
    }
    return { events: log.map(([, fields]) => paired(fields)), ids: log.map(([id]) => id), keys };
  } finally {
    redis.disconnect();
  }
}

/** The texts of trades by their keys. */
function tradesOf(entries: readonly [string, readonly string[]][]): Record<string, string> {
  return Object.fromEntries(entries.map(([key, fields]) => [key, paired(fields).json ?? ""]));
}

function paired(flat: readonly string[]): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (let at = 0; at + 1 < flat.length; at += 2) pairs[flat[at] ?? ""] = flat[at + 1] ?? "";
  return pairs;
}
