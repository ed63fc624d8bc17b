import { randomBytes } from "node:crypto";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StateManager } from "../../src/index.js";
import { type RedisServer, startRedis } from "../servers/redis.js";
import type { Open } from "./open.js";

/** The three backends for tests: a real Redis, DuckDB files in a folder of their own, memory. */
export interface Backends extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly openMemory: Open;
  readonly openDuckdb: Open;
  readonly openRedis: Open;
  /** By the name of the backend: a new flow, which has the same id on all of them. */
  readonly openAlike: Readonly<Record<string, Open>>;
}

const ALIKE = "alike";

export function newFlowId(): string {
  return `flow-${randomBytes(8).toString("hex")}`;
}

export async function startBackends(): Promise<Backends> {
  const folder = await mkdtemp(join(tmpdir(), "sf-contract-"));
  const redis = await startRedis();
  let copies = 0;

  /** Takes a tenth of the time that a file from scratch takes. */
  async function copyOfEmptyFlow(): Promise<string> {
    const empty = join(folder, `${ALIKE}.db`);
    if (copies++ === 0) {
      const duckdb = { path: empty };
      await using _ = await StateManager.open(ALIKE, { backend: "duckdb", duckdb });
    }
    const copy = join(folder, `copy-${copies}.db`);
    await copyFile(empty, copy);
    return copy;
  }

  return {
    redis,
    openMemory: (config, { flowId = newFlowId(), ...options } = {}) =>
      StateManager.open(flowId, { ...config, backend: "memory" }, options),
    openDuckdb: (config, { flowId = newFlowId(), ...options } = {}) =>
      StateManager.open(
        flowId,
        { ...config, backend: "duckdb", duckdb: { path: join(folder, "{flow_id}.db") } },
        options,
      ),
    openRedis: (config, { flowId = newFlowId(), ...options } = {}) =>
      StateManager.open(flowId, { ...config, backend: "redis", redis: { url: redis.url } }, options),
    openAlike: {
      memory: (config, options) => StateManager.open(ALIKE, { ...config, backend: "memory" }, options),
      duckdb: async (config, options) => {
        const duckdb = { path: await copyOfEmptyFlow() };
        return StateManager.open(ALIKE, { ...config, backend: "duckdb", duckdb }, options);
      },
      redis: (config, options) => {
        const own = { url: redis.url, key_prefix: newFlowId() };
        return StateManager.open(ALIKE, { ...config, backend: "redis", redis: own }, options);
      },
    },
    async [Symbol.asyncDispose]() {
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
