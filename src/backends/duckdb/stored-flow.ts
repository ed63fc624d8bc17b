import { stat } from "node:fs/promises";
import { SCHEMA_VERSION } from "../../state/flow-state.js";
import { otherSchema } from "../../state/schema.js";
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

/** A file of an older schema that is open, with what was made of its flow. */
export interface OlderFlow<Read> {
  readonly flowId: string;
  readonly file: FlowFile;
  readonly schema: number;
  readonly read: Read;
}

/** The flow's id is absent: whichever the file holds. */
type Context = Omit<BackendContext, "flowId"> & { readonly flowId: string | undefined };

/**
 * Opens a stored flow: that of the context, or, without an id there, whichever the file holds. The file is left byte for byte as
 * it is. Throws a StateError.
 */
export async function openStored(path: string, context: Context, policy: CheckpointPolicy): Promise<StoredFlow> {
  const found = await openAny(path, context, policy, async () => undefined);
  if ("store" in found) return found;
  found.file.close();
  throw otherSchema(path, found.schema);
}

/** The same, of an older schema, too; `readOlder` reads a flow of such a one. */
export async function openAny<Read>(
  path: string,
  context: Context,
  policy: CheckpointPolicy,
  readOlder: (file: FlowFile, schema: number) => Promise<Read>,
): Promise<StoredFlow | OlderFlow<Read>> {
  let file: FlowFile | undefined;
  try {
    const crashed = await isLogLeft(path);
    // Before DuckDB has it: to close it afterwards would drop DuckDB's lock. Who holds it is told first.
    const log = crashed ? settled(() => checkLog(`${path}.wal`)) : undefined;
    file = await FlowFile.open(path);
    log?.();
    const { flowId, schema } = await identify(file.connection, path, context.flowId);
    if (schema < SCHEMA_VERSION) return { flowId, file, schema, read: await readOlder(file, schema) };
    const store = await FlowStore.load(file.connection, { ...context, flowId }, policy);
    return { flowId, file, store, crashed };
  } catch (error) {
    file?.close();
    throw refusalOf(path, error);
  }
}

/** Runs a step now, throws later what it threw. */
function settled(step: () => void): () => void {
  try {
    step();
    return () => {};
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

async function isLogLeft(path: string): Promise<boolean> {
  const log = await stat(`${path}.wal`).catch(() => undefined);
  return log !== undefined;
}
