import { stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { socketPath } from "../../backends/duckdb/holder-socket.js";
import { isOpenHere } from "../../backends/duckdb/open-here.js";
import { duckdbPath } from "../../config/flow-id.js";
import type { ResolvedConfig } from "../../config/schema.js";
import { LockedError, SilentHolderError } from "../../errors.js";
import type { StateManager } from "../../manager/state-manager.js";
import { readSnapshot, snapshotPath } from "../../snapshot-file.js";
import { type FlowReading, readFlow } from "../../wants/flow-reading.js";
import type { Invocation } from "../invocation.js";

/** How a flow stands. */
export interface FlowStatus extends FlowReading {
  /** Where the snapshot comes from if a bot holds the flow's file; its age is as it says. */
  readonly snapshotFile?: string;
}

/** Reads an open flow. */
export type ReadOpen = (manager: StateManager) => Promise<FlowReading>;

/** Reads a flow's status again and again. */
export interface StatusSource extends AsyncDisposable {
  read(): Promise<FlowStatus>;
  /** Resolves when the status may have changed, at the latest after a second, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

const TICK = 1000;

/** Nobody can read a faster display, ms. */
const SHORTEST = 100;

/** The shortest and longest wait of `changed`, ms. */
function atMost(signal: AbortSignal): Promise<void> {
  return pause(TICK, undefined, { signal }).catch(() => {});
}

/** The status of an open flow: its events tell when it changed. */
export function openStatus(manager: StateManager, read: ReadOpen = readFlow): StatusSource {
  const end = new AbortController();
  let wake = () => {};
  const follow = async () => {
    for await (const _ of manager.watch({ signal: end.signal })) wake();
  };
  let following: Promise<void> | undefined;
  return {
    read: () => read(manager),
    async changed(signal) {
      // The next reading of the flow reports the error.
      following ??= follow().catch(() => {});
      await pause(SHORTEST, undefined, { signal }).catch(() => {});
      const event = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await Promise.race([event, atMost(signal)]);
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await following;
      await manager.close();
    },
  };
}

/** Opens a flow for as long as the work on it takes. */
type Borrow = <Result>(work: (manager: StateManager) => Promise<Result>) => Promise<Result>;

/**
 * The status of a flow in a DuckDB file, which belongs to the bot. The file is opened only for a moment, and only when it changed, so that a starting bot
 * finds it free. As long as it does not change, the last reading is returned as of now. While a bot holds the file, the bot is asked. If it cannot be
 * asked, its snapshot file is used; without one, `read` rejects with a LockedError.
 */
export function fileStatus(
  config: ResolvedConfig,
  flowId: string,
  borrow: Borrow,
  readOpen: ReadOpen = readFlow,
): StatusSource {
  const path = duckdbPath(config.duckdb.path, flowId);
  let seen = "";
  let known: FlowStatus | undefined;
  let readAt = 0;
  const read = async (): Promise<FlowStatus> => {
    const signature = await signatureOf(path);
    if (known && signature === seen) return later(known, performance.now() - readAt);
    known = await readFileStatus(path, borrow, readOpen);
    readAt = performance.now();
    seen = signature;
    return known;
  };
  return {
    read,
    changed: atMost,
    async [Symbol.asyncDispose]() {},
  };
}

/** The same status, `ms` later. A snapshot file keeps its own time. */
function later(status: FlowStatus, ms: number): FlowStatus {
  const { snapshot, snapshotFile } = status;
  return snapshotFile === undefined
    ? { ...status, snapshot: { ...snapshot, at: new Date(snapshot.at.getTime() + ms) } }
    : status;
}

async function readFileStatus(path: string, borrow: Borrow, readOpen: ReadOpen): Promise<FlowStatus> {
  try {
    return await borrow(readOpen);
  } catch (error) {
    if (!(error instanceof LockedError) || error instanceof SilentHolderError) throw error;
    const snapshotFile = snapshotPath(path);
    const snapshot = await readSnapshot(snapshotFile);
    if (snapshot) return { snapshot, snapshotFile };
    throw new LockedError(
      `${error.message}. With duckdb.snapshot_every: 10s in its configuration, the bot writes a snapshot that status can read`,
      { cause: error },
    );
  }
}

/** A changed signature means that the file, its log or its snapshot changed, or that another process has it open: that this one looks at it is no change. */
export async function signatureOf(path: string): Promise<string> {
  const wasOpenHere = isOpenHere(path);
  const of = async (file: string) => {
    const found = await stat(file, { bigint: true }).catch(() => undefined);
    return found ? `${found.ino}:${found.size}:${found.mtimeNs}` : "none";
  };
  const [files, socket] = await Promise.all([
    Promise.all([path, `${path}.wal`, snapshotPath(path)].map(of)),
    of(socketPath(path)),
  ]);
  return [...files, wasOpenHere || isOpenHere(path) ? "none" : socket].join(" ");
}

/** The status source of a flow at the named place. Rejects with a StateError if it cannot be opened. */
export async function sourceOf(
  invocation: Invocation,
  flowId: string,
  read: ReadOpen = readFlow,
): Promise<StatusSource> {
  const config = await invocation.config();
  if (config.backend !== "duckdb") return openStatus(await invocation.openFlow(flowId), read);
  const borrow: Borrow = async (work) => {
    await using manager = await invocation.openFlow(flowId);
    return await work(manager);
  };
  return fileStatus(config, flowId, borrow, read);
}

/** The flow's own clock, if it can be asked. For a snapshot file, this machine's clock. */
export function nowOf({ snapshot, snapshotFile }: FlowStatus): Date {
  return snapshotFile === undefined ? snapshot.at : new Date();
}
