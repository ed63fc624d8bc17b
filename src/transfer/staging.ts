/** A flow in Redis that is being written, or a part of one, staged beside its place by the scripts in `lua/import`. */
import type { RedisFlow } from "../backends/redis/flow.js";
import type { StoredKey } from "../layout/flow-layout.js";
import { KEY_LAYOUTS } from "../layout/key-layouts.js";
import { text } from "../operations/operation.js";
import type { Progress } from "./flow-place.js";
import type { Chunk } from "./portable.js";

export interface Staging {
  /** Names the staged content, by its hash. */
  readonly id: string;
  readonly chunks: readonly Chunk[];
  /** The epoch of the new flow, unless an earlier run staged some of the same content under another one. */
  readonly epoch: string;
  /** The epoch of the flow that will be replaced; "" if there is none. */
  readonly replaces: string;
  readonly source: string;
  /** Fields of `flow:meta` in addition to those of its chunk. */
  readonly meta: readonly (readonly [string, string])[];
  readonly progress: Progress;
}

/** Stages every chunk that is not staged already. Resolves to the epoch that the flow will have. */
export async function stage(flow: RedisFlow, staging: Staging): Promise<string> {
  const { keys } = flow;
  const { id, chunks, replaces, source, progress } = staging;
  const total = chunks.length + 2;
  const begun = await flow.run(
    "import/begin",
    [keys.key("flow:meta"), keys.importProgress, ...stagedKeys(flow)],
    [id, staging.epoch, replaces, String(chunks.length), source],
  );
  const epoch = text(begun, 2);
  for (let next = Number(text(begun, 1)); next < chunks.length; next++) {
    progress(next, total);
    const chunk = chunks[next];
    if (chunk === undefined) throw new RangeError(`there is no chunk ${next}`);
    const entries = chunk.key === "flow:meta" ? [...chunk.entries, ...staging.meta, ["epoch", epoch]] : chunk.entries;
    await flow.run(
      "import/chunk",
      [keys.importProgress, keys.staged(chunk.key)],
      [id, String(next), chunk.type, JSON.stringify(entries)],
    );
  }
  progress(chunks.length, total);
  return epoch;
}

/** Which keys of a flow are staged; by default all. */
export function stagedKeys(flow: RedisFlow, keys: readonly StoredKey[] = KEY_LAYOUTS.map(({ key }) => key)): string[] {
  return keys.map((key) => flow.keys.staged(key));
}
