import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { suite } from "uvu";
import { type Config, StateManager } from "../../src/index.js";
import { newFlowId } from "../contract/backends.js";
import { type RedisServer, startRedis } from "../servers/redis.js";

export type Test = ReturnType<typeof suite>;

/** A real Redis, and a folder for files. */
export class Stand implements AsyncDisposable {
  private constructor(
    readonly server: RedisServer,
    readonly folder: string,
  ) {}

  static async start(): Promise<Stand> {
    const folder = await mkdtemp(join(await realpath(tmpdir()), "sf-cli-"));
    return new Stand(await startRedis(), folder);
  }

  get url(): string {
    return this.server.url;
  }

  /** A key prefix, and so a set of flows, of its own; the configuration file that says so. */
  async ownConfig(more: object = {}): Promise<{ readonly file: string; readonly config: Config }> {
    const config = { backend: "redis", redis: { url: this.url, key_prefix: newFlowId() }, ...more } as const;
    return { file: await this.file(`${config.redis.key_prefix}.json`, JSON.stringify(config)), config };
  }

  async file(name: string, text: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, text);
    return path;
  }

  /** A flow with something in each of its parts, closed again. */
  async flow(flowId = newFlowId(), config: Config = { backend: "redis", redis: { url: this.url } }): Promise<string> {
    await using manager = await StateManager.open(flowId, config, { instanceId: "bot-1" });
    await manager.setRiskLimits({ max_daily_loss: 300 });
    await manager.admit({ signalId: "s-1", pair: "BTC/USDT", side: "long", size: 0.1, price: 60_000, cooldown: "15m" });
    await manager.savePosition({ id: "p-1", pair: "ETH/USDT", side: "short", size: 2, entryPrice: 3000.5, tp: 2900 });
    await manager.updateDailyPnl(-20.5, { equity: 9_979.5 });
    await manager.heartbeat();
    return flowId;
  }

  /** Every key of the server. */
  async keys(): Promise<string[]> {
    const client = new Redis(this.url);
    try {
      return (await client.keys("*")).sort();
    } finally {
      client.disconnect();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Runs the tests of one part, with a stand of their own. */
export async function onStand(part: string, addTests: (test: Test, stand: Stand) => void): Promise<void> {
  const stand = await Stand.start();
  const test = suite(`cli: ${part}`);
  addTests(test, stand);
  test.after(() => stand[Symbol.asyncDispose]());
  test.run();
}
