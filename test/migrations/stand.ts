import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { Redis } from "ioredis";
import { RedisFlow } from "../../src/backends/redis/flow.js";
import { resolveConfig } from "../../src/config/schema.js";
import { type Config, StateManager } from "../../src/index.js";
import { bundle } from "../bundle.js";
import { type RedisServer, startRedis } from "../servers/redis.js";
import { type KeptKey, putBack } from "./kept-key.js";
import { OLD_FLOWS, type OldSchema } from "./old-flows.js";

const run = promisify(execFile);

/** The step of a migration in Redis that is `migration/begin`, after the flow was read. */
export const BEGUN = 1;
const PROGRAM = await bundle(new URL("killed-migration.ts", import.meta.url));
const kept = (schema: OldSchema, name: string) => new URL(`${schema}/${name}`, import.meta.url);

/** A real Redis and a folder, with the flows that the code of older schemas has left. */
export class MigrationStand implements AsyncDisposable {
  #flows = 0;

  private constructor(
    readonly server: RedisServer,
    readonly client: Redis,
    readonly folder: string,
  ) {}

  static async start(): Promise<MigrationStand> {
    const server = await startRedis();
    const folder = await mkdtemp(join(tmpdir(), "sf-migrations-"));
    return new MigrationStand(server, new Redis(server.url), folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.disconnect();
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** The kept flow under a new id in Redis. */
  async oldFlow(schema: OldSchema): Promise<string> {
    const flowId = `old${++this.#flows}`;
    const keys: KeptKey[] = JSON.parse(await readFile(kept(schema, "redis.json"), "utf8"));
    for (const key of keys) await putBack(this.client, { ...key, key: key.key.replace("sf:bot:", `sf:${flowId}:`) });
    return flowId;
  }

  /** A kept file of flow `bot` under a new path. */
  async oldFile(schema: OldSchema, kind: "clean" | "crashed"): Promise<string> {
    const path = this.path(`old${++this.#flows}.db`);
    await writeFile(path, gunzipSync(await readFile(kept(schema, `${kind}.db.gz`))));
    if (kind === "crashed") {
      await writeFile(`${path}.wal`, gunzipSync(await readFile(kept(schema, "crashed.db.wal.gz"))));
    }
    return path;
  }

  redisConfig(): Config & { readonly redis: { readonly url: string } } {
    return { backend: "redis", redis: { url: this.server.url } };
  }

  flow(flowId: string): Promise<RedisFlow> {
    return RedisFlow.connect(resolveConfig(this.redisConfig()).redis, flowId);
  }

  /** A bot of an older schema, a second after the stored flow was made. */
  async openOld(schema: OldSchema, flowId: string, config: Config, instanceId = "old"): Promise<StateManager> {
    const { now, library } = OLD_FLOWS[schema];
    const { StateManager: OldManager } = await library();
    return OldManager.open(flowId, config, { instanceId, clock: () => now + 1000 });
  }

  /** A bot of this version, a second later. */
  open(schema: OldSchema, flowId: string, config: Config): Promise<StateManager> {
    const clock = () => OLD_FLOWS[schema].now + 2000;
    return StateManager.open(flowId, config, { instanceId: "new", clock, existing: true });
  }

  /** Migrates in a process of its own; resolves to how many steps that took. */
  async migrationSteps(schema: OldSchema, place: string): Promise<number> {
    return Number((await this.#migrate(-1, schema, place)).stdout);
  }

  /** True when the migration died of SIGKILL at the step, false when it lived to its end. */
  async migrateAndDie(step: number, schema: OldSchema, place: string): Promise<boolean> {
    try {
      await this.#migrate(step, schema, place);
      return false;
    } catch (error) {
      if (typeof error === "object" && error !== null && "signal" in error && error.signal === "SIGKILL") return true;
      throw error;
    }
  }

  #migrate(step: number, schema: OldSchema, place: string) {
    return run(process.execPath, [PROGRAM, String(step), place, JSON.stringify([...OLD_FLOWS[schema].told])]);
  }
}
