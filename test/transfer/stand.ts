import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type ResolvedConfig, resolveConfig } from "../../src/config/schema.js";
import { type Config, StateManager } from "../../src/index.js";
import { BackupFile } from "../../src/transfer/backup-file.js";
import { DuckdbPlace } from "../../src/transfer/duckdb-place.js";
import type { FlowPlace } from "../../src/transfer/flow-place.js";
import { RedisPlace } from "../../src/transfer/redis-place.js";
import type { OpenOptions } from "../contract/open.js";
import { type RedisServer, startRedis } from "../servers/redis.js";

/** A real Redis, and a folder for files: places to copy flows between. */
export class TransferStand implements AsyncDisposable {
  #redisPlaces: RedisPlace[] = [];
  #names = 0;

  private constructor(
    readonly server: RedisServer,
    readonly client: Redis,
    readonly folder: string,
  ) {}

  static async start(): Promise<TransferStand> {
    const server = await startRedis();
    const folder = await mkdtemp(join(tmpdir(), "sf-transfer-"));
    return new TransferStand(server, new Redis(server.url), folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const place of this.#redisPlaces) place[Symbol.dispose]();
    this.client.disconnect();
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A name that nothing has yet: for a flow, a file. */
  fresh(): string {
    return `n${++this.#names}`;
  }

  redisConfig(prefix = "sf"): ResolvedConfig["redis"] {
    return resolveConfig({ backend: "redis", redis: { url: this.server.url, key_prefix: prefix } }).redis;
  }

  async redis(flowId: string): Promise<RedisPlace> {
    const place = await RedisPlace.connect(this.redisConfig(), flowId);
    this.#redisPlaces.push(place);
    return place;
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  duckdb(file: string, flowId?: string): FlowPlace {
    return new DuckdbPlace(this.path(file), flowId);
  }

  backup(file: string): BackupFile {
    return new BackupFile(this.path(file));
  }

  openRedis(flowId: string, config: Config = {}, options: OpenOptions = {}): Promise<StateManager> {
    return StateManager.open(flowId, { ...config, backend: "redis", redis: { url: this.server.url } }, options);
  }

  openDuckdb(file: string, flowId: string, config: Config = {}, options: OpenOptions = {}): Promise<StateManager> {
    return StateManager.open(flowId, { ...config, backend: "duckdb", duckdb: { path: this.path(file) } }, options);
  }

  /** The keys that Redis has of a flow, without the answers to calls. */
  async keys(flowId: string): Promise<string[]> {
    const keys = await this.client.keys(`sf:${flowId}:*`);
    return keys.filter((key) => !key.includes(":execution:call")).sort();
  }
}
