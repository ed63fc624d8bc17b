/** Writes a flow to a DuckDB file of its own while the file that it comes from stays open. */
import { mkdir, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { FlowFile } from "../backends/duckdb/flow-file.js";
import { loadDuckdb } from "../backends/duckdb/library.js";
import { SecondLock } from "../backends/duckdb/second-lock.js";
import { newEpoch } from "../state/epoch.js";
import { filled } from "./duckdb-place.js";
import { alreadyThere } from "./new-file.js";
import { type PortableFlow, withEpoch } from "./portable.js";

/**
 * Writes a file that a bot can open, under a new epoch that names the old one. It is read back before it gets its name. Rejects with a LockedError if a bot
 * still holds the place of a removed file.
 */
export async function writeDuckdbBackup(
  given: string,
  flow: PortableFlow,
  from: { readonly flowId: string; readonly epoch: string },
): Promise<void> {
  await loadDuckdb();
  const folder = dirname(resolve(given));
  await mkdir(folder, { recursive: true });
  // Without symbolic links, as a bot that opens the file will name it.
  const path = join(await realpath(folder), basename(given));
  await SecondLock.refuseHeld(path);
  const layout = withEpoch(flow.layout, newEpoch(), from.epoch);
  const fill = filled(from.flowId, layout, `the backup ${path}`, undefined, async () => {});
  if (!(await FlowFile.make(path, fill))) throw alreadyThere(path);
}
