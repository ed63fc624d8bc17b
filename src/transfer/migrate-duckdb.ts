/** Migrates a flow in a DuckDB file to the newest schema: into a new file that replaces the old one. */

import { placeOf } from "../backends/duckdb/file-place.js";
import { FlowFile } from "../backends/duckdb/flow-file.js";
import { checkpointClosed } from "../backends/duckdb/open-mark.js";
import { refusalOf } from "../backends/duckdb/refusal.js";
import { InvalidArgumentError, UnknownFlowError } from "../errors.js";
import { layoutOf } from "../layout/convert.js";
import type { Told } from "../migrations/migration.js";
import { nothingToDo, type Plan, planOf, type Report } from "../migrations/report.js";
import { walk } from "../migrations/walk.js";
import { newEpoch } from "../state/epoch.js";
import { filled, openLayout } from "./duckdb-place.js";
import type { Progress } from "./flow-place.js";
import { epochOf, understood, withEpoch } from "./portable.js";

/** Says what a migration would do. Changes nothing. Rejects with a LockedError while a bot holds the file. */
export async function planDuckdb(path: string, flowId: string, told: Told): Promise<Plan> {
  const { file, layout } = await openExisting(path, flowId);
  file.close();
  const walked = walk(layout, told);
  if (walked.stops.length === 0) understood(walked.layout);
  return planOf(`the DuckDB file ${path}`, walked, layout, Date.now(), false);
}

/**
 * The old file is held meanwhile, and kept beside the new one. An interruption at any moment leaves either the old file or the new one in its place.
 * Rejects as `planDuckdb` does, and with an InvalidArgumentError if there is an obstacle.
 */
export async function migrateDuckdb(path: string, flowId: string, told: Told, progress: Progress): Promise<Report> {
  const began = performance.now();
  const old = await openExisting(path, flowId);
  try {
    progress(0, 4);
    const { from, to, layout: walked, stops } = walk(old.layout, told);
    if (stops.length > 0) throw new InvalidArgumentError(`the flow cannot be migrated: ${stops.join("; ")}`);
    if (from === to) throw nothingToDo({ from });
    const epoch = newEpoch();
    const layout = withEpoch(layoutOf(understood(walked)), epoch, epochOf(old.layout));
    const draft = `${old.path}.import`;
    await FlowFile.clear(draft);
    progress(1, 4);
    const fill = filled(flowId, layout, path, undefined, async () => {
      progress(2, 4);
      // The new file gets the old one's name: the old log must be empty.
      await checkpointClosed(old.file.connection);
      progress(3, 4);
    });
    const kept = await FlowFile.replace(old.path, old.file, fill, draft);
    progress(4, 4);
    return { from, to, epoch, kept, refusedFor: performance.now() - began };
  } catch (error) {
    throw refusalOf(path, error);
  } finally {
    old.file.close();
  }
}

async function openExisting(given: string, flowId: string) {
  const { path, exists } = await placeOf(given, true);
  if (!exists) throw new UnknownFlowError(`there is no file ${path}, and so no flow "${flowId}"`);
  return { path, ...(await openLayout(path, flowId)) };
}
