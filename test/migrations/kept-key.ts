import type { Redis } from "ioredis";

/** A key of Redis, in a form that people can read and a test can put back. */
export type KeptKey = { readonly key: string } & (
  | { readonly type: "hash"; readonly fields: Readonly<Record<string, string>> }
  | { readonly type: "zset"; readonly members: readonly string[] }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "stream"; readonly entries: readonly (readonly [string, readonly string[]])[] }
);

export async function keptKey(client: Redis, key: string): Promise<KeptKey> {
  const type = await client.type(key);
  switch (type) {
    case "hash":
      return { key, type, fields: await client.hgetall(key) };
    case "zset":
      return { key, type, members: await client.zrange(key, "0", "-1", "WITHSCORES") };
    case "string":
      return { key, type, value: (await client.get(key)) ?? "" };
    case "stream":
      return { key, type, entries: await client.xrange(key, "-", "+") };
    default:
      throw new Error(`${key} is a ${type}`);
  }
}

/** Puts a key there as it was kept. */
export async function putBack(client: Redis, kept: KeptKey): Promise<void> {
  const { key } = kept;
  switch (kept.type) {
    case "hash":
      await client.hset(key, kept.fields);
      break;
    case "zset":
      for (let i = 0; i < kept.members.length; i += 2) {
        await client.zadd(key, kept.members[i + 1] ?? "", kept.members[i] ?? "");
      }
      break;
    case "string":
      await client.set(key, kept.value);
      break;
    case "stream":
      for (const [id, values] of kept.entries) await client.xadd(key, id, ...values);
  }
}
