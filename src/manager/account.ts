import type { RedisAccount } from "../backends/redis/account.js";
import type { ResolvedConfig } from "../config/schema.js";

/** The exchange account that the configuration names; undefined without one, and where no other flow can be looked at. */
export async function accountOf({ backend, redis, recovery }: ResolvedConfig): Promise<RedisAccount | undefined> {
  if (backend !== "redis" || recovery.account === undefined) return undefined;
  const { RedisAccount: Account } = await import("../backends/redis/account.js");
  return new Account(redis, recovery.account);
}
