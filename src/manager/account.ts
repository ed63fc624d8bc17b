import type { RedisAccount } from "../backends/redis/account.js";
import type { Credentials, RedisConfig } from "../backends/redis/redis-config.js";
import type { ResolvedConfig } from "../config/schema.js";
import { findOrders } from "../operations/find-orders.js";
import { keptPart } from "../operations/forget-account-part.js";
import { snapshot } from "../operations/snapshot.js";
import { withCredentials } from "./create-backend.js";

/** The exchange account that the configuration names; undefined if it names none, or if the backend knows no other flows. */
export async function accountOf(
  { backend, redis, recovery }: ResolvedConfig,
  credentials?: Credentials,
): Promise<RedisAccount | undefined> {
  if (backend !== "redis" || recovery.account === undefined) return undefined;
  return accountNamed(withCredentials(redis, credentials), recovery.account);
}

/** Throws if the flow still exists and is in this account: then it must not be removed from it. */
export async function refuseKept(
  { backend, redis }: Pick<ResolvedConfig, "backend" | "redis">,
  credentials: Credentials | undefined,
  account: string,
  flowId: string,
): Promise<void> {
  if (backend !== "redis") return;
  const { RedisFlow } = await import("../backends/redis/flow.js");
  using flow = await RedisFlow.connect(withCredentials(redis, credentials), flowId, {
    readsOnly: true,
    awaitsServer: true,
  });
  const isIn = await flow.send("hget", flow.keys.key("flow:meta"), "account");
  if (isIn !== account) return;
  throw keptPart(account, flowId);
}

/** The exchange account of that name on a Redis server. */
export async function accountNamed(redis: RedisConfig, name: string): Promise<RedisAccount> {
  const { RedisAccount: Account } = await import("../backends/redis/account.js");
  return new Account(redis, name, async (flow, ids) => {
    const { positions, orders } = await flow.ask(snapshot, { dayStart: 0, dedupWindow: 0 });
    if (ids.length === 0) return { positions, orders };
    const pending = new Set(orders.map(({ id }) => id));
    const found = await flow.ask(findOrders, { ids });
    return {
      ...{ positions, orders },
      ended: found.filter((order) => order !== undefined).filter(({ id }) => !pending.has(id)),
    };
  });
}
