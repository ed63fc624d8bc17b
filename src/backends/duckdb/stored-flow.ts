import { stat } from "node:fs/promises";
import type { BackendContext } from "../backend.js";
import { FlowFile } from "./flow-file.js";
import { type CheckpointPolicy, FlowStore } from "./flow-store.js";
import { identify } from "./identify.js";
import { checkLog } from "./log-check.js";
import { refusalOf } from "./refusal.js";

/** A file that is open, with the flow that was read from it. */
export interface StoredFlow {
  readonly flowId: string;
  readonly file: FlowFile;
  readonly store: FlowStore;
  /** Whether the last one to hold the file left without closing it. */
  readonly crashed: boolean;
}

/**
 * Opens a stored flow: that of the context, or, without an id there, whichever the file holds. The file is left byte for byte as
 * it is. Throws a StateError.
 */
export async function openStored(
  path: string,
  context: Omit<BackendContext, "flowId"> & { readonly flowId: string | undefined },
  policy: CheckpointPolicy,
): Promise<StoredFlow> {
  let file: FlowFile | undefined;
  try {
    const crashed = await isLogLeft(path);
    file = await FlowFile.open(path);
    if (crashed) checkLog(`${path}.wal`);
    const flowId = await identify(file.connection, path, context.flowId);
    const store = await FlowStore.load(file.connection, { ...context, flowId }, policy);
    return { flowId, file, store, crashed };
  } catch (error) {
    file?.close();
    throw refusalOf(path, error);
  }
}

async function isLogLeft(path: string): Promise<boolean> {
  const log = await stat(`${path}.wal`).catch(() => undefined);
  return log !== undefined;
}
