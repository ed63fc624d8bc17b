import { randomUUID } from "node:crypto";
import { RedisFlow } from "../backends/redis/flow.js";
import type { ResolvedConfig } from "../config/schema.js";
import { CorruptStateError, LockedError } from "../errors.js";
import { KEY_LAYOUTS } from "../layout/key-layouts.js";
import { exportFlow } from "../operations/export-flow.js";
import { text } from "../operations/operation.js";
import { snapshot } from "../operations/snapshot.js";
import type { Snapshot } from "../types.js";
import { type FlowPlace, type FoundFlow, snapshotArgs, type WriteOptions, type Written } from "./flow-place.js";
import { differences, type PortableFlow, withoutEpoch } from "./portable.js";

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
    const epoch = await this.flow.send("hget", this.flow.keys.key("flow:meta"), "epoch");
    if (typeof epoch !== "string") return undefined;
    const layout = await this.flow.ask(exportFlow, undefined);
    return { flowId: this.flowId, layout, now: await this.#now(), isShared: true };
  }

  /** Whether an import was left unfinished. */
  async isImporting(): Promise<boolean> {
    return Number(await this.flow.send("exists", this.flow.keys.importProgress)) > 0;
  }

  /** Gives up an unfinished import; false when there was none. The flow is as it was before it. */
  async discard(): Promise<boolean> {
    const { keys } = this.flow;
    const reply = await this.flow.run(
      "import/discard",
      [keys.key("flow:meta"), keys.importProgress, ...this.#staged()],
      [],
    );
    return reply[1] === "1";
  }

  async write(flow: PortableFlow, { source, replaces, progress }: WriteOptions): Promise<Written> {
    const { keys } = this.flow;
    const { chunks } = flow;
    const begun = await this.flow.run(
      "import/begin",
      [keys.key("flow:meta"), keys.importProgress, ...this.#staged()],
      [flow.id, randomUUID(), replaces, String(chunks.length), source.name],
    );
    const epoch = text(begun, 2);
    const total = chunks.length + 2;
    for (let next = Number(text(begun, 1)); next < chunks.length; next++) {
      progress(next, total);
      const chunk = chunks[next];
      if (chunk === undefined) throw new RangeError(`there is no chunk ${next}`);
      const entries = chunk.key === "flow:meta" ? [...chunk.entries, ["epoch", epoch]] : chunk.entries;
      await this.flow.run(
        "import/chunk",
        [keys.importProgress, keys.staged(chunk.key)],
        [flow.id, String(next), chunk.type, JSON.stringify(entries)],
      );
    }
    progress(chunks.length, total);
    await this.#checkStaged(flow);
    progress(chunks.length + 1, total);
    await this.#finish(flow, epoch);
    progress(total, total);
    return { epoch };
  }

  async snapshot(now: number): Promise<Omit<Snapshot, "flowId">> {
    return this.flow.ask(snapshot, snapshotArgs(now), now);
  }

  async #checkStaged(flow: PortableFlow): Promise<void> {
    const staged = withoutEpoch(await this.flow.askStaged(exportFlow));
    // How many events there ever were is said when the import is finished.
    const [first] = differences({ ...staged, eventsAdded: flow.layout.eventsAdded }, flow.layout);
    if (first) throw new CorruptStateError(`${this.name}: ${first.key} ${first.what} did not arrive as it was sent`);
  }

  async #finish(flow: PortableFlow, epoch: string): Promise<void> {
    const { keys } = this.flow;
    const live = KEY_LAYOUTS.map(({ key }) => keys.key(key));
    const reply = await this.flow.run(
      "import/finish",
      [
        keys.key("flow:meta"),
        keys.importProgress,
        keys.key("execution:lease"),
        keys.staged("execution:lease"),
        keys.staged("events:log"),
        keys.staged("flow:meta"),
        ...this.#staged(),
        ...live,
      ],
      [flow.id, epoch, String(flow.layout.eventsAdded)],
    );
    if (text(reply, 0) !== "finished") throw new LockedError(`${this.name}: the import could not be finished`);
  }

  #staged(): string[] {
    return KEY_LAYOUTS.map(({ key }) => this.flow.keys.staged(key));
  }

  async #now(): Promise<number> {
    const time = await this.flow.send("time");
    const [seconds, micros] = Array.isArray(time) ? time : [];
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }
}
