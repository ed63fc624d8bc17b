import { randomBytes } from "node:crypto";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StateManager } from "../../src/index.js";
import { type RedisServer, startRedis } from "../servers/redis.js";
import type { Open } from "./open.js";

/** One backend for tests. */
export interface Backend extends AsyncDisposable {
  readonly open: Open;
}

/** DuckDB files in a folder of their own. */
interface DuckdbFolder extends Backend {
  readonly folder: string;
}

/** A real Redis. */
interface OnRedis extends Backend {
  readonly redis: RedisServer;
}

/** The three of them. */
export interface Backends extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly openMemory: Open;
  readonly openDuckdb: Open;
  readonly openRedis: Open;
  /** By the name of the backend: a new flow, which has the same id on all of them. */
  readonly openAlike: Readonly<Record<string, Open>>;
}

export const BACKENDS = { memory: inMemory, duckdb: inFolder, redis: onRedis };
export type BackendName = keyof typeof BACKENDS;

const ALIKE = "alike";

export function newFlowId(): string {
  return `flow-${randomBytes(8).toString("hex")}`;
}

async function inMemory(): Promise<Backend> {
  return {
    open: (config, { flowId = newFlowId(), ...options } = {}) =>
      StateManager.open(flowId, { ...config, backend: "memory" }, options),
    async [Symbol.asyncDispose]() {},
  };
}

async function inFolder(): Promise<DuckdbFolder> {
  const folder = await mkdtemp(join(tmpdir(), "sf-contract-"));
  const duckdb = { path: join(folder, "{flow_id}.db") };
  return {
    folder,
    open: (config, { flowId = newFlowId(), ...options } = {}) =>
      StateManager.open(flowId, { ...config, backend: "duckdb", duckdb }, options),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Flows that a bot of this process has open: each manager of a test is a visitor that reaches it through its socket. */
export async function throughHolders(): Promise<Backend> {
  const { open, ...folder } = await inFolder();
  const bots = new Map<string, StateManager>();
  return {
    async open(config, { flowId = newFlowId(), ...options } = {}) {
      const bot = bots.get(flowId) ?? (await open(config, { ...options, flowId, instanceId: "the bot" }));
      bots.set(flowId, bot);
      return open(config, { ...options, flowId, existing: true });
    },
    async [Symbol.asyncDispose]() {
      for (const bot of bots.values()) await bot.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function onRedis(): Promise<OnRedis> {
  const redis = await startRedis();
  return {
    redis,
    open: (config, { flowId = newFlowId(), ...options } = {}) =>
      StateManager.open(flowId, { ...config, backend: "redis", redis: { url: redis.url } }, options),
    [Symbol.asyncDispose]: () => redis.stop(),
  };
}

export async function startBackends(): Promise<Backends> {
  const [memory, duckdb, server] = await Promise.all([inMemory(), inFolder(), onRedis()]);
  const { folder } = duckdb;
  const { redis } = server;
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
    openMemory: memory.open,
    openDuckdb: duckdb.open,
    openRedis: server.open,
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
      for (const backend of [memory, duckdb, server]) await backend[Symbol.asyncDispose]();
    },
  };
}
