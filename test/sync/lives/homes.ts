/** Where the two flows of a life are kept: together, and apart from those of every other life. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StateManager } from "../../../src/index.js";
import { newFlowId } from "../../contract/backends.js";
import type { Open } from "../../contract/open.js";
import { startRedis } from "../../servers/redis.js";

export interface Homes extends AsyncDisposable {
  /** By the name of the backend: how the flows of a new life are opened. */
  readonly on: Readonly<Record<string, () => Open>>;
}

export async function startHomes(): Promise<Homes> {
  const [folder, redis] = await Promise.all([mkdtemp(join(tmpdir(), "sf-lives-")), startRedis()]);
  return {
    on: {
      memory:
        () =>
        (config, { flowId = "alone", ...options } = {}) =>
          StateManager.open(flowId, { ...config, backend: "memory" }, options),
      duckdb: () => {
        const path = join(folder, newFlowId(), "{flow_id}.db");
        return (config, { flowId = "alone", ...options } = {}) =>
          StateManager.open(flowId, { ...config, backend: "duckdb", duckdb: { path } }, options);
      },
      redis: () => {
        const own = { url: redis.url, key_prefix: newFlowId() };
        return (config, { flowId = "alone", ...options } = {}) =>
          StateManager.open(flowId, { ...config, backend: "redis", redis: own }, options);
      },
    },
    async [Symbol.asyncDispose]() {
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
