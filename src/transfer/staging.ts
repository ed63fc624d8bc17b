/** What is to become a flow in Redis, or a part of it, staged beside it by the scripts in `lua/import`. */
import type { RedisFlow } from "../backends/redis/flow.js";
import type { StoredKey } from "../layout/flow-layout.js";
import { KEY_LAYOUTS } from "../layout/key-layouts.js";
import { text } from "../operations/operation.js";
import type { Progress } from "./flow-place.js";
import type { Chunk } from "./portable.js";

export interface Staging {
  /** Names what is staged: of its contents. */
  readonly id: string;
  readonly chunks: readonly Chunk[];
  /** The epoch that the flow is to have, unless an earlier run of the same staged some of it under another. */
  readonly epoch: string;
  /** The epoch of the flow that is to be replaced; "" when there is none. */
  readonly replaces: string;
  readonly source: string;
  /** What `flow:meta` is to hold beside what its chunk says. */
  readonly meta: readonly (readonly [string, string])[];
  readonly progress: Progress;
}

/** Stages every chunk that is not staged already; resolves to the epoch that the flow is to have. */
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

/** Where keys of a flow are staged, by default all of them. */
export function stagedKeys(flow: RedisFlow, keys: readonly StoredKey[] = KEY_LAYOUTS.map(({ key }) => key)): string[] {
  return keys.map((key) => flow.keys.staged(key));
}
