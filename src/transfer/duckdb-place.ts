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

/** A copy keeps all of a flow's events; the bot that opens it trims them to its own limit. */
const READER = {
  instance: "sf-state",
  maxEvents: Number.MAX_SAFE_INTEGER,
} as const;

/** A flow in a DuckDB file. If a bot has the file open, the flow is read from the bot and cannot be written. */
export class DuckdbPlace implements FlowPlace {
  readonly name: string;

  /** Without a flow id: the flow that the file holds. */
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

  /** The file is made beside its place and gets its name when it is complete: a reader finds the old one or the new one. */
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
      // The old file's log has the new file's name: it must be empty.
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

  /** The whole flow at one moment, from the bot that has the file open; undefined if there is none. */
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

  /** Of any schema. */
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

/** An open file, with its flow in its own schema. */
export interface OpenFile {
  readonly flowId: string;
  readonly file: FlowFile;
  readonly layout: FlowLayout;
  /** Absent for a file of an older schema. */
  readonly accounts?: FileAccounts;
}

/** Opens a flow's file, of any schema. The file is left byte for byte as it is. Throws a StateError. */
export async function openLayout(path: string, flowId: string | undefined): Promise<OpenFile> {
  const flow = await openAny(path, { ...READER, flowId, isLooking: true }, CHECKPOINTS, ({ connection }, schema) =>
    readFile(connection, schema),
  );
  const { flowId: found, file } = flow;
  if (!("store" in flow)) return { flowId: found, file, layout: flow.read };
  return { flowId: found, file, layout: layoutOf(flow.store.state), accounts: flow.store.accounts };
}

/** Fills a new file with a flow, and with the accounts of the file that it replaces, and reads it back; then `checked` runs. */
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
