import { Redis } from "ioredis";
import { ConnectionError } from "../../src/index.js";

/** Sends a command to Redis that the library does not offer, on a connection of its own. */
export async function askRedis<Answer>(
  { url, password }: { readonly url: string; readonly password?: string | undefined },
  ask: (redis: Redis) => Promise<Answer>,
): Promise<Answer> {
  const redis = new Redis(url, {
    ...(password !== undefined && { password }),
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  redis.on("error", () => {}); // the failing call reports it
  try {
    await redis.connect();
    return await ask(redis);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConnectionError(`Redis at ${new URL(url).host}: ${reason}`, { cause: error });
  } finally {
    redis.disconnect();
  }
}
