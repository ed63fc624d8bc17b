import { RedisFlow } from "../backends/redis/flow.js";
import type { ResolvedConfig } from "../config/schema.js";
import { CorruptStateError, LockedError, SchemaVersionError, StateLostError } from "../errors.js";
import type { FlowLayout } from "../layout/flow-layout.js";
import { KEY_LAYOUTS } from "../layout/key-layouts.js";
import { exportFlow } from "../operations/export-flow.js";
import { text } from "../operations/operation.js";
import { snapshot } from "../operations/snapshot.js";
import { newEpoch } from "../state/epoch.js";
import type { Snapshot } from "../types.js";
import { type FlowPlace, type FoundFlow, snapshotArgs, type WriteOptions, type Written } from "./flow-place.js";
import { differences, type PortableFlow, withoutEpoch } from "./portable.js";
import { stage, stagedKeys } from "./staging.js";

/** A flow in Redis. */
export class RedisPlace implements FlowPlace, Disposable {
  readonly name: string;

  private constructor(
    private readonly flow: RedisFlow,
    private readonly flowId: string,
  ) {
    this.name = `flow ${flowId} in Redis at ${flow.address}`;
  }

  static async connect(config: ResolvedConfig["redis"], flowId: string): Promise<RedisPlace> {
    return new RedisPlace(await RedisFlow.connect(config, flowId), flowId);
  }

  [Symbol.dispose](): void {
    this.flow[Symbol.dispose]();
  }

  async read(): Promise<FoundFlow | undefined> {
    const layout = await readLayout(this.flow);
    if (!layout) return undefined;
    return { flowId: this.flowId, layout, now: await this.#now(), isShared: true, account: await this.#account() };
  }

  /** Whether there is an unfinished import. */
  async isImporting(): Promise<boolean> {
    return Number(await this.flow.send("exists", this.flow.keys.importProgress)) > 0;
  }

  /** Gives up an unfinished import; false if there was none. The flow is as before. */
  async discard(): Promise<boolean> {
    const { keys } = this.flow;
    const reply = await this.flow.run(
      "import/discard",
      [keys.key("flow:meta"), keys.importProgress, ...stagedKeys(this.flow)],
      [],
    );
    return reply[1] === "1";
  }

  async write(flow: PortableFlow, { source, replaces, progress }: WriteOptions): Promise<Written> {
    const total = flow.chunks.length + 2;
    const epoch = await stage(this.flow, {
      id: flow.id,
      chunks: flow.chunks,
      epoch: newEpoch(),
      replaces,
      source: source.name,
      meta: source.epoch === "" ? [] : [["was", source.epoch]],
      progress,
    });
    await this.#checkStaged(flow);
    progress(total - 1, total);
    await this.#finish(flow, epoch);
    progress(total, total);
    return { epoch };
  }

  async snapshot(now: number): Promise<Omit<Snapshot, "flowId">> {
    // The flow's account is not a part of the flow.
    const { account: _, ...own } = await this.flow.ask(snapshot, snapshotArgs(now), now);
    return own;
  }

  async #checkStaged(flow: PortableFlow): Promise<void> {
    const staged = withoutEpoch(await this.flow.askStaged(exportFlow));
    // The total number of events is set when the import ends.
    const [first] = differences({ ...staged, eventsAdded: flow.layout.eventsAdded }, flow.layout);
    if (first) throw new CorruptStateError(`${this.name}: ${first.key} ${first.what} did not arrive as it was sent`);
  }

  async #finish(flow: PortableFlow, epoch: string): Promise<void> {
    const { keys } = this.flow;
    const live = KEY_LAYOUTS.map(({ key }) => keys.key(key));
    const account = await this.#account();
    const reply = await this.flow.run(
      "import/finish",
      [
        keys.key("flow:meta"),
        keys.importProgress,
        keys.key("execution:lease"),
        keys.staged("execution:lease"),
        keys.staged("events:log"),
        keys.staged("flow:meta"),
        ...stagedKeys(this.flow),
        ...live,
        ...(account === undefined ? [] : [keys.key("account:risk", account), keys.staged("risk:exposure")]),
      ],
      [flow.id, epoch, String(flow.layout.eventsAdded), account ?? "", `${this.flowId}|`],
    );
    if (text(reply, 0) !== "finished") throw new LockedError(`${this.name}: the import could not be finished`);
  }

  /** The account that the flow is in. */
  async #account(): Promise<string | undefined> {
    const name = await this.flow.send("hget", this.flow.keys.key("flow:meta"), "account");
    return typeof name === "string" ? name : undefined;
  }

  async #now(): Promise<number> {
    const time = await this.flow.send("time");
    const [seconds, micros] = Array.isArray(time) ? time : [];
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }
}

/** Everything that a flow holds, of any schema; undefined if there is no flow. Rejects with a SchemaVersionError while it is being migrated. */
export async function readLayout(flow: RedisFlow): Promise<FlowLayout | undefined> {
  for (;;) {
    const found = await flow.send("hmget", flow.keys.key("flow:meta"), "epoch", "migrating");
    const [epoch, migrating]: unknown[] = Array.isArray(found) ? found : [];
    if (typeof epoch !== "string") return undefined;
    if (typeof migrating === "string") {
      throw new SchemaVersionError("a migration of the flow is unfinished: run sf-state migrate to end or undo it");
    }
    try {
      return await flow.ask(exportFlow, undefined, undefined, epoch);
    } catch (error) {
      // The flow was replaced between the two readings.
      if (!(error instanceof StateLostError)) throw error;
    }
  }
}
