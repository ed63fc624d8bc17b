import type { BackendContext } from "../../src/backends/backend.js";
import { DuckdbBackend } from "../../src/backends/duckdb/duckdb-backend.js";
import type { CheckpointPolicy } from "../../src/backends/duckdb/flow-store.js";

/** The longest that a timer waits, ms: checkpoints come by number, not by the machine's load. */
const NEVER = 2 ** 31 - 1;

/** Never: the journal keeps all that was committed, for tests that look at it. */
export const NO_CHECKPOINTS: CheckpointPolicy = {
  commits: Number.POSITIVE_INFINITY,
  length: Number.POSITIVE_INFINITY,
  rows: Number.POSITIVE_INFINITY,
  idle: NEVER,
};

/** The flow `bot`, unless the context says another, in a file. */
export function backend(
  path: string,
  context: Partial<BackendContext> = {},
  checkpoints: Partial<CheckpointPolicy> = {},
): DuckdbBackend {
  return new DuckdbBackend({ flowId: "bot", instance: "one", maxEvents: 10_000, ...context }, path, {
    idle: NEVER,
    ...checkpoints,
  });
}

export async function opened(...args: Parameters<typeof backend>): Promise<DuckdbBackend> {
  const made = backend(...args);
  await made.connect();
  return made;
}
