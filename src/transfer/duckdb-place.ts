import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { placeOf } from "../backends/duckdb/file-place.js";
import { FlowFile } from "../backends/duckdb/flow-file.js";
import { CHECKPOINTS, FlowStore } from "../backends/duckdb/flow-store.js";
import { loadDuckdb } from "../backends/duckdb/library.js";
import { refusalOf } from "../backends/duckdb/refusal.js";
import { openStored, type StoredFlow } from "../backends/duckdb/stored-flow.js";
import { CorruptStateError, InvalidArgumentError } from "../errors.js";
import { fillState, layoutOf } from "../layout/convert.js";
import { snapshot } from "../operations/snapshot.js";
import type { Snapshot } from "../types.js";
import { type FlowPlace, type FoundFlow, snapshotArgs, type WriteOptions, type Written } from "./flow-place.js";
import { differences, type PortableFlow, withEpoch, withoutEpoch, withToken } from "./portable.js";

/** Whoever copies a flow keeps all of its events; the bot that opens it trims them to its own measure. */
const READER = { instance: "sf-state", maxEvents: Number.MAX_SAFE_INTEGER } as const;

/** A flow in a DuckDB file, which no bot may hold meanwhile. */
export class DuckdbPlace implements FlowPlace {
  readonly name: string;

  /** Without a flow id: the flow that the file holds, whichever it is. */
  constructor(
    private readonly path: string,
    private readonly flowId: string | undefined,
  ) {
    this.name = `the DuckDB file ${path}`;
  }

  async read(): Promise<FoundFlow | undefined> {
    const flow = await this.#open();
    if (!flow) return undefined;
    try {
      return { flowId: flow.flowId, layout: layoutOf(flow.store.state), now: Date.now(), isShared: false };
    } finally {
      flow.file.close();
    }
  }

  async snapshot(now: number): Promise<Omit<Snapshot, "flowId">> {
    const flow = await this.#open();
    if (!flow) throw new InvalidArgumentError(`${this.name}: there is no such file`);
    try {
      return snapshot.apply(flow.store.state, snapshotArgs(now), { ...READER, now, lease: "" });
    } finally {
      flow.file.close();
    }
  }

  /** The file is made beside its place and gets its name when it is complete: whoever looks finds the old one or the new one. */
  async write(flow: PortableFlow, options: WriteOptions): Promise<Written> {
    await loadDuckdb();
    const { path } = await placeOf(this.path);
    const old = await this.#open();
    try {
      return await this.#make(path, flow, options, old);
    } catch (error) {
      throw refusalOf(path, error);
    } finally {
      old?.file.close();
    }
  }

  async #make(path: string, flow: PortableFlow, options: WriteOptions, old: StoredFlow | undefined): Promise<Written> {
    const found = old?.store.state.meta.value?.epoch ?? "";
    if (found !== options.replaces) {
      throw new InvalidArgumentError(`${this.name} has changed since it was looked at; nothing was replaced`);
    }
    const { progress } = options;
    progress(0, 3);
    const epoch = randomUUID();
    const layout = withToken(flow.layout, old?.store.state.lease.value?.token ?? 0);
    const context = { ...READER, flowId: options.flowId };
    const fill = async (connection: DuckDBConnection) => {
      await FlowStore.create(connection, context, (state) => void fillState(state, withEpoch(layout, epoch)));
      progress(1, 3);
      const stored = layoutOf((await FlowStore.load(connection, context, CHECKPOINTS)).state);
      const [first] = differences(withoutEpoch(stored), layout);
      if (first) throw new CorruptStateError(`${this.name}: ${first.key} ${first.what} did not arrive as it was sent`);
      progress(2, 3);
      // What goes by the name of the old file, its log, must have nothing to say about the new one.
      await old?.store.checkpoint();
    };
    const draft = `${path}.import`;
    await FlowFile.clear(draft);
    let kept: string | undefined;
    if (old) kept = await FlowFile.replace(path, fill, draft);
    else if (!(await FlowFile.make(path, fill, draft)))
      throw new InvalidArgumentError(`${this.name} has just been made by another process; nothing was replaced`);
    progress(3, 3);
    return { epoch, ...(kept !== undefined && { kept }) };
  }

  async #open(): Promise<StoredFlow | undefined> {
    const found = await stat(this.path).catch(() => undefined);
    if (!found) return undefined;
    const { path } = await placeOf(this.path);
    return openStored(path, { ...READER, flowId: this.flowId }, CHECKPOINTS);
  }
}
