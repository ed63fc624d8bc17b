/** A backup that a running bot makes of its own flow. */
import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ConfigError, StateError } from "../errors.js";
import type { FlowLayout } from "../layout/flow-layout.js";
import { errorText } from "../words/error-text.js";
import { BackupFile } from "./backup-file.js";
import { assertFree } from "./new-file.js";
import { epochOf, portable } from "./portable.js";

export interface OwnFlow {
  readonly flowId: string;
  readonly backend: "redis" | "duckdb" | "memory";
  /** The whole flow, at one moment. */
  readonly read: () => Promise<FlowLayout>;
  /** The time, ms. */
  readonly now: () => number;
}

/**
 * Writes a flow to a new file: from DuckDB a DuckDB file, otherwise one that `sf-state restore` reads. The file gets its name only after it is complete,
 * read back and found equal.
 */
export async function backUp(path: string, { flowId, backend, read, now }: OwnFlow): Promise<void> {
  try {
    await assertFree(path);
    const at = now();
    const layout = await read();
    const flow = portable(layout);
    const epoch = epochOf(layout);
    if (backend === "duckdb") {
      const { writeDuckdbBackup } = await import("./duckdb-backup.js");
      await writeDuckdbBackup(path, flow, { flowId, epoch });
      return;
    }
    await mkdir(dirname(resolve(path)), { recursive: true });
    const source = { name: `flow ${flowId}`, epoch, readAt: at };
    await new BackupFile(path).write(flow, { flowId, source, replaces: "", progress: () => {} });
  } catch (cause) {
    if (cause instanceof StateError) throw cause;
    throw new ConfigError(`path: ${path} could not be written: ${errorText(cause)}`, { cause });
  }
}
