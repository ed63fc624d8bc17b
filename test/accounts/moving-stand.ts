/** Flows and accounts of a cluster, and what is stored of them. */
import { execFile } from "node:child_process";
import { Cluster } from "ioredis";
import { RedisFlow } from "../../src/backends/redis/flow.js";
import { type Config, resolveConfig } from "../../src/config/schema.js";
import { StateManager } from "../../src/index.js";
import type { FlowLayout } from "../../src/layout/flow-layout.js";
import { accountDifferences } from "../../src/state/account-sums.js";
import type { AccountSettings, Mover } from "../../src/transfer/move-flow.js";
import { epochOf, withoutEpoch } from "../../src/transfer/portable.js";
import { readLayout } from "../../src/transfer/redis-place.js";
import { bundle } from "../bundle.js";
import type { RedisCluster } from "../servers/cluster.js";

export const SETTINGS: AccountSettings = {
  currency: "USDT",
  sameCurrency: "",
  dayStart: 0,
  breakerDuration: 3_600_000,
  startingEquity: undefined,
};

export class MovingStand implements Disposable {
  readonly client: Cluster;

  constructor(readonly cluster: RedisCluster) {
    this.client = new Cluster(cluster.urls.map((url) => ({ host: "127.0.0.1", port: Number(new URL(url).port) })));
  }

  [Symbol.dispose](): void {
    this.client.disconnect();
  }

  get config(): NonNullable<Config["redis"]> {
    return { url: this.cluster.urls[0] ?? "", cluster: true };
  }

  open(flowId: string, more: Config = {}): Promise<StateManager> {
    const risk = { currency: "USDT", ...more.risk };
    return StateManager.open(flowId, { ...more, backend: "redis", redis: this.config, risk });
  }

  mover(flowId: string, account: string): Mover {
    const { redis } = resolveConfig({ backend: "redis", redis: this.config });
    return { config: redis, flowId, account, instance: "mover", maxEvents: 10_000, lease: "" };
  }

  /** A flow in no account with positions, an entry, an exit, trades and a loss. */
  async flow(flowId: string): Promise<void> {
    await using mgr = await this.open(flowId);
    await mgr.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 2, entryPrice: 100.5 });
    await mgr.savePosition({ id: "q", pair: "SOL/USDT", side: "short", size: 1, entryPrice: 7 });
    await mgr.closePosition("q", { pnl: -3.25 });
    await mgr.admit({ signalId: "s", pair: "ETH/USDT", side: "short", size: 1, price: 50.5 });
    await mgr.saveOrder({
      id: "x",
      pair: "BTC/USDT",
      side: "sell",
      intent: "exit",
      positionId: "p",
      size: 2,
      price: 120,
    });
  }

  /** What the flow holds, wherever it is, and under which epoch; undefined: nothing. */
  async held(
    flowId: string,
  ): Promise<{ readonly prefix: string; readonly epoch: string; readonly layout: FlowLayout } | undefined> {
    using flow = await RedisFlow.connect(this.mover(flowId, "").config, flowId);
    const layout = await readLayout(flow);
    return layout && { prefix: flow.keys.prefix, epoch: epochOf(layout), layout: withoutEpoch(layout) };
  }

  /** All keys of a place. */
  async keys(prefix: string): Promise<string[]> {
    const all = await Promise.all(
      this.client.nodes("master").map((node) => node.keys(`${prefix.replaceAll("*", "\\*")}*`)),
    );
    return all
      .flat()
      .filter((key) => !key.includes("execution:call"))
      .sort();
  }

  async account(name: string): Promise<Map<string, string>> {
    return new Map(Object.entries(await this.client.hgetall(`sf:@{${name}}:risk`)));
  }

  /** What differs between an account's sums and those over these flows, as far as they are in it. */
  async differences(name: string, flowIds: readonly string[]): Promise<string[]> {
    const flows = new Map<string, Map<string, string>>();
    for (const flowId of flowIds) {
      const prefix = `sf:{${name}}:${flowId}:`;
      if ((await this.client.hget(`${prefix}flow:meta`, "account")) !== name) continue;
      flows.set(flowId, new Map(Object.entries(await this.client.hgetall(`${prefix}risk:exposure`))));
    }
    return accountDifferences(await this.account(name), flows);
  }

  /** How many steps a move has that lives to its end; undefined: it was killed after this one. */
  async killed(step: number, way: "in" | "out", flowId: string, account: string): Promise<number | undefined> {
    const program = await bundle(new URL("./killed-move.ts", import.meta.url));
    const argv = [program, String(step), way, this.config.url ?? "", flowId, account];
    return new Promise((resolve, reject) => {
      execFile(process.execPath, argv, (error, stdout, stderr) => {
        if (error?.signal === "SIGKILL") resolve(undefined);
        else if (error) reject(new Error(stderr));
        else resolve(Number(stdout));
      });
    });
  }
}
