import { join } from "node:path";
import { openStore, type Store, type StoreOptions } from "../../sync/demo/store.js";
import { startOwnRedis } from "./own-redis.js";

/** A store; a Redis of which no URL is said is started for this run. */
export async function openOwnStore(options: StoreOptions, flowId: string): Promise<Store> {
  const { backend, url, state } = options;
  if (backend !== "redis" || url !== undefined) return openStore(options, flowId);
  const folder = join(state, `${flowId}-redis`);
  const server = await startOwnRedis(folder);
  const store = await openStore({ ...options, url: server.url }, flowId);
  return {
    ...store,
    where: `${server.url} (started for this run, in ${folder})`,
    advice: `State is in ${folder}. Run again to go on, with --reset to start over.`,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
