import { duckdbPath } from "../config/flow-id.js";
import type { ResolvedConfig } from "../config/schema.js";
import { snapshotPath, writeSnapshot } from "../snapshot-file.js";
import type { Snapshot } from "../types.js";
import { RegularWriter } from "./regular-writer.js";

/** Writes snapshots beside the flow's file, if `duckdb.snapshot_every` is configured. */
export function beginSnapshots(
  flowId: string,
  { backend, duckdb }: ResolvedConfig,
  take: () => Promise<Snapshot>,
  warn: (message: string) => void,
): RegularWriter<Snapshot> | undefined {
  if (backend !== "duckdb" || duckdb.snapshot_every === undefined) return undefined;
  const path = snapshotPath(duckdbPath(duckdb.path, flowId));
  return new RegularWriter(
    "the snapshot",
    duckdb.snapshot_every,
    take,
    (snapshot) => writeSnapshot(path, snapshot),
    warn,
  );
}
