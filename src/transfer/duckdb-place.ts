import { realpath, stat } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { placeOf } from "../backends/duckdb/file-place.js";
import { FlowFile } from "../backends/duckdb/flow-file.js";
import { CHECKPOINTS, FlowStore } from "../backends/duckdb/flow-store.js";
import { HolderBackend } from "../backends/duckdb/holder-backend.js";
import { loadDuckdb } from "../backends/duckdb/library.js";
import { checkpointClosed } from "../backends/duckdb/open-mark.js";
import { refusalOf } from "../backends/duckdb/refusal.js";
import { openAny } from "../backends/duckdb/stored-flow.js";
import { CorruptStateError, InvalidArgumentError } from "../errors.js";
import { fillState, layoutOf, stateOf } from "../layout/convert.js";
import { type FlowLayout, leaseOf } from "../layout/flow-layout.js";
import { readFile } from "../migrations/files/read-file.js";
import { exportFlow } from "../operations/export-flow.js";
import { snapshot } from "../operations/snapshot.js";
import { newEpoch } from "../state/epoch.js";
import type { FileAccounts } from "../state/file-accounts.js";
import type { Snapshot } from "../types.js";
import { type FlowPlace, type FoundFlow, snapshotArgs, type WriteOptions, type Written } from "./flow-place.js";
import { differences, epochOf, type PortableFlow, withEpoch, withToken } from "./portable.js";

/** Whoever copies a flow keeps all of its events; the bot that opens it trims them to its own measure. */
const READER = {
  instance: "sf-state",
  maxEvents: Number.MAX_SAFE_INTEGER,
} as const;

/** A flow in a DuckDB file. It is read from the bot that has it open; it is not written then. */
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
    const held = await this.#askHolder();
    if (held) return held;
    const flow = await this.#open();
    if (!flow) return undefined;
    flow.file.close();
    return {
      flowId: flow.flowId,
      layout: flow.layout,
      now: Date.now(),
      isShared: false,
      account: flow.accounts?.current,
    };
  }

  async snapshot(now: number): Promise<Omit<Snapshot, "flowId">> {
    const held = await this.#askHolder();
    if (held) return snapshotOf(held.layout, now);
    const flow = await this.#open();
    if (!flow) throw new InvalidArgumentError(`${this.name}: there is no such file`);
    flow.file.close();
    return snapshotOf(flow.layout, now);
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

  async #make(path: string, flow: PortableFlow, options: WriteOptions, old: OpenFile | undefined): Promise<Written> {
    const found = old ? epochOf(old.layout) : "";
    if (found !== options.replaces) {
      throw new InvalidArgumentError(`${this.name} has changed since it was looked at; nothing was replaced`);
    }
    const { progress } = options;
    progress(0, 3);
    const layout = withToken(flow.layout, Number(leaseOf(old?.layout).get("token") ?? 0));
    const draft = `${path}.import`;
    const epoch = newEpoch();
    await FlowFile.clear(draft);
    const imported = withEpoch(layout, epoch, options.source.epoch);
    const fill = filled(options.flowId, imported, this.name, old?.accounts, async () => {
      progress(2, 3);
      // What goes by the name of the old file, its log, must have nothing to say about the new one.
      if (old) await checkpointClosed(old.file.connection);
    });
    progress(1, 3);
    let kept: string | undefined;
    if (old) kept = await FlowFile.replace(path, old.file, fill, draft);
    else if (!(await FlowFile.make(path, fill, draft)))
      throw new InvalidArgumentError(`${this.name} has just been made by another process; nothing was replaced`);
    progress(3, 3);
    return { epoch, ...(kept !== undefined && { kept }) };
  }

  /** All of the flow as the bot that has the file open tells it, at one moment; undefined when there is none. */
  async #askHolder(): Promise<FoundFlow | undefined> {
    const path = await realpath(this.path).catch(() => undefined);
    const holder = path && (await HolderBackend.reach(path, { flowId: this.flowId, instance: READER.instance }));
    if (!holder) return undefined;
    try {
      const layout = await holder.execute(exportFlow, undefined);
      const { account } = await holder.connect();
      return { flowId: holder.holder.flowId, layout, now: Date.now(), isShared: true, account };
    } finally {
      await holder.close();
    }
  }

  /** Whatever its schema. */
  async #open(): Promise<OpenFile | undefined> {
    const found = await stat(this.path).catch(() => undefined);
    if (!found) return undefined;
    const { path } = await placeOf(this.path);
    return openLayout(path, this.flowId);
  }
}

function snapshotOf(layout: FlowLayout, now: number): Omit<Snapshot, "flowId"> {
  return snapshot.apply(stateOf(layout), snapshotArgs(now), { ...READER, now, lease: "" });
}

/** A file that is open, with its flow as its schema has it. */
export interface OpenFile {
  readonly flowId: string;
  readonly file: FlowFile;
  readonly layout: FlowLayout;
  /** Absent in a file of an older schema. */
  readonly accounts?: FileAccounts;
}

/** Opens the file of a flow, whatever its schema. It is left byte for byte as it is. Throws a StateError. */
export async function openLayout(path: string, flowId: string | undefined): Promise<OpenFile> {
  const flow = await openAny(path, { ...READER, flowId, isLooking: true }, CHECKPOINTS, ({ connection }, schema) =>
    readFile(connection, schema),
  );
  const { flowId: found, file } = flow;
  if (!("store" in flow)) return { flowId: found, file, layout: flow.read };
  return { flowId: found, file, layout: layoutOf(flow.store.state), accounts: flow.store.accounts };
}

/** Fills a new file with a flow, in the accounts of the file that it replaces, and reads it back; then comes `checked`. */
export function filled(
  flowId: string,
  layout: FlowLayout,
  name: string,
  accounts: FileAccounts | undefined,
  checked: () => Promise<void>,
) {
  const context = { ...READER, flowId };
  return async (connection: DuckDBConnection) => {
    await FlowStore.create(connection, context, (state, own) => {
      fillState(state, layout);
      if (accounts) own.takeOver(accounts, state);
    });
    const stored = layoutOf((await FlowStore.load(connection, context, CHECKPOINTS)).state);
    const [first] = differences(stored, layout);
    if (first) throw new CorruptStateError(`${name}: ${first.key} ${first.what} did not arrive as it was sent`);
    await checked();
  };
}
