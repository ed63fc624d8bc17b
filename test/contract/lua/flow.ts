import { Redis } from "ioredis";
import { FlowKeys } from "../../../src/backends/redis/keys.js";
import { script } from "../../../src/backends/redis/scripts.js";
import { StateManager } from "../../../src/index.js";
import { ACCOUNT_KEYS, type AnyOperation, mayAskAccount } from "../../../src/operations/operation.js";
import type { RedisServer } from "../../servers/redis.js";
import { newFlowId } from "../backends.js";
import { fill, inAccount } from "../calls.js";
import { Clock, NOON, SECOND } from "../clock.js";
import { keysOf, sampleOf } from "./source.js";

/** When the sample calls are made: a second after the flow was filled. */
const LATER = NOON + SECOND;

/** KEYS and ARGV of a script. */
export interface Request {
  readonly keys: readonly string[];
  readonly argv: readonly string[];
}

/** Runs scripts on a real server, in flows that `fill` has filled. */
export class Stand implements Disposable {
  readonly client: Redis;
  readonly #filled = new Map<unknown, { readonly flowId: string; restore(): Promise<void> }>();

  constructor(readonly server: RedisServer) {
    this.client = new Redis(server.url);
  }

  [Symbol.dispose](): void {
    this.client.disconnect();
  }

  /** A manager of a flow, at the time of the sample calls. */
  open(flowId: string, clock = new Clock(LATER), maxEvents = 10_000): Promise<StateManager> {
    const config = { backend: "redis", redis: { url: this.server.url }, events: { max_length: maxEvents } } as const;
    return StateManager.open(flowId, config, { clock: clock.read, instanceId: "bot-1" });
  }

  /** A flow with something in its keys; nobody is connected to it. The next one for the same `more` is this one again. */
  async filledFlow(more?: (manager: StateManager) => Promise<unknown>): Promise<string> {
    const filled = this.#filled.get(more);
    if (filled) {
      await filled.restore();
      return filled.flowId;
    }
    const flowId = newFlowId();
    {
      await using manager = await this.open(flowId, new Clock());
      await fill(manager);
      await more?.(manager);
    }
    this.#filled.set(more, { flowId, restore: await this.remember(flowId) });
    return flowId;
  }

  /** A sample call of an operation as number 7 of its slot. */
  request(operation: AnyOperation, flowId: string, lease = "", sample = sampleOf(operation)): Request {
    const flow = new FlowKeys("sf", flowId, false);
    flow.account = flowId;
    const common = {
      open: ["7", `${LATER}`],
      read: ["7", "", `${LATER}`],
      change: ["7", "", `${LATER}`, "me", lease, "1000", ""],
    };
    // An account has the name of its flow.
    const own = sample.argv.map((each) => (each === "NAME" ? flowId : each));
    const argv = [...common[operation.kind], ...own];
    const ofAccount = sample.prepare === inAccount && mayAskAccount(operation) ? ACCOUNT_KEYS : [];
    return { keys: [...keysOf(operation), ...ofAccount].map((name) => flow.key(name)), argv };
  }

  run({ name }: AnyOperation, { keys, argv }: Request): Promise<unknown> {
    return this.client.eval(script(name).source, keys.length, ...keys, ...argv);
  }

  /** Everything that Redis holds of a flow, except the answers it remembers, in a form that can be compared. */
  async contents(flowId: string): Promise<Readonly<Record<string, unknown>>> {
    const keys = (await this.#keysOf(flowId)).filter((key) => !key.includes(":execution:call"));
    const found = keys.map(async (key) => [key, await Promise.all([this.client.pexpiretime(key), this.#value(key)])]);
    return Object.fromEntries(await Promise.all(found));
  }

  /** Remembers every key of a flow; what it returns makes them what they are now. */
  async remember(flowId: string): Promise<() => Promise<void>> {
    const { client } = this;
    const kept = await Promise.all(
      (await this.#keysOf(flowId)).map(async (key) => {
        const value = await client.dumpBuffer(key);
        if (value === null) throw new Error(`${key} is gone`);
        return { key, value, until: Math.max(await client.pexpiretime(key), 0) };
      }),
    );
    return async () => {
      const deleted = (await this.#keysOf(flowId)).map((key) => client.del(key));
      const restored = kept.map(({ key, value, until }) => client.restore(key, until, value, "ABSTTL"));
      await Promise.all([...deleted, ...restored]);
    };
  }

  /** Also those of the account that is named as the flow. */
  async #keysOf(flowId: string): Promise<string[]> {
    const found = await Promise.all([`sf:${flowId}:*`, `sf:@${flowId}:*`].map((pattern) => this.client.keys(pattern)));
    return found.flat();
  }

  /** Not what DUMP gives: the order of a hash's fields in it may change though the hash does not. */
  async #value(key: string): Promise<unknown> {
    const type = await this.client.type(key);
    switch (type) {
      case "hash":
        return Object.entries(await this.client.hgetall(key)).sort();
      case "zset":
        return this.client.zrange(key, "0", "-1", "WITHSCORES");
      case "stream":
        return this.client.xrange(key, "-", "+");
      case "string":
        return ["string", await this.client.get(key)];
      default:
        throw new Error(`${key} is a ${type}`);
    }
  }
}
