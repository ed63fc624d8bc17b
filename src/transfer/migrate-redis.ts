/**
 * Migrates a flow in Redis to the newest schema. `migration/begin` closes it to everybody; then it is read, migrated, staged where it changes, and read
 * back; `migration/finish` opens it again under a new epoch. If this dies at any step, the flow stays closed and unchanged; the next run begins again, or
 * undoes it.
 */
import type { RedisFlow } from "../backends/redis/flow.js";
import { ConnectionError, CorruptStateError, InvalidArgumentError, UnknownFlowError } from "../errors.js";
import { layoutOf } from "../layout/convert.js";
import { type FlowLayout, metaOf, withMeta } from "../layout/flow-layout.js";
import { KEY_LAYOUTS } from "../layout/key-layouts.js";
import type { Told } from "../migrations/migration.js";
import { nothingToDo, type Plan, planOf, type Report } from "../migrations/report.js";
import { type Walked, walk } from "../migrations/walk.js";
import { exportFlow } from "../operations/export-flow.js";
import { text } from "../operations/operation.js";
import { newEpoch } from "../state/epoch.js";
import { SCHEMA_VERSION } from "../state/flow-state.js";
import { layoutSchema } from "../state/schema.js";
import type { Progress } from "./flow-place.js";
import { differences, epochOf, inChunks, understood, withEpoch, withoutEpoch } from "./portable.js";
import { stage, stagedKeys } from "./staging.js";

/** A flow as it was before a migration that is under way; otherwise as it is. */
interface Before {
  readonly layout: FlowLayout;
  readonly unfinished: boolean;
}

/** Says what a migration would do. Changes nothing. */
export async function planRedis(flow: RedisFlow, told: Told): Promise<Plan> {
  const before = await readBefore(flow);
  const walked = walk(before.layout, told);
  if (walked.stops.length === 0) understood(walked.layout);
  const time = await flow.send("time");
  const [seconds] = Array.isArray(time) ? time : [];
  return planOf(
    `the flow in Redis at ${flow.address}`,
    walked,
    before.layout,
    Number(seconds) * 1000,
    before.unfinished,
  );
}

/**
 * Rejects with an InvalidArgumentError if there is an obstacle, with a CorruptStateError if something cannot be read, and with a LockedError if another run
 * has taken over: then the flow is as before, and open. After a ConnectionError it may be closed: run it again, or undo it.
 */
export async function migrateRedis(flow: RedisFlow, told: Told, progress: Progress): Promise<Report> {
  // Obstacles are found before any call is refused.
  const { layout: seen, unfinished } = await readBefore(flow);
  const ahead = walk(seen, told);
  prepared(ahead);
  if (ahead.from === ahead.to && !unfinished) throw nothingToDo(ahead);
  progress(0, 1);

  const { keys } = flow;
  const migrating = newEpoch();
  const began = performance.now();
  const begun = await flow.run(
    "migration/begin",
    [keys.key("flow:meta"), keys.importProgress, ...stagedKeys(flow)],
    [migrating, epochOf(seen), metaOf(seen, "schema") ?? "", String(SCHEMA_VERSION)],
  );
  try {
    const stored = await flow.ask(exportFlow, undefined, undefined, migrating);
    const old = asBefore(stored, { schema: text(begun, 1), epoch: text(begun, 2), was: text(begun, 3) });
    const walked = walk(old, told);
    const layout = prepared(walked);
    const epoch = await swap(flow, old, layout, migrating, progress);
    return { from: walked.from, to: walked.to, epoch, refusedFor: performance.now() - began };
  } catch (error) {
    // If the server cannot be reached, no undo is tried: its last action is not known.
    if (!(error instanceof ConnectionError)) await undo(flow, migrating);
    throw error;
  }
}

/** Gives up an unfinished migration; false if there was none. The flow is as before. */
export function undoRedis(flow: RedisFlow): Promise<boolean> {
  return undo(flow, "");
}

async function undo(flow: RedisFlow, migrating: string): Promise<boolean> {
  const { keys } = flow;
  const reply = await flow.run(
    "migration/undo",
    [keys.key("flow:meta"), keys.importProgress, ...stagedKeys(flow)],
    [migrating],
  );
  return text(reply, 1) === "1";
}

async function readBefore(flow: RedisFlow): Promise<Before> {
  const found = await flow.send("hmget", flow.keys.key("flow:meta"), "epoch", "migrating");
  const [epoch, migrating]: unknown[] = Array.isArray(found) ? found : [];
  if (typeof epoch !== "string") throw new UnknownFlowError(`Redis at ${flow.address} has no such flow`);
  const layout = await flow.ask(exportFlow, undefined, undefined, epoch);
  if (typeof migrating !== "string") return { layout, unfinished: false };
  return { layout: asBefore(layout, leftOf(migrating)), unfinished: true };
}

interface Left {
  readonly schema: string;
  readonly epoch: string;
  readonly was: string;
}

/** The notes of `migration/begin`. */
function leftOf(json: string): Left {
  const found: unknown = JSON.parse(json);
  if (typeof found === "object" && found !== null && "from" in found && "epoch" in found && "was" in found) {
    return { schema: String(found.from), epoch: String(found.epoch), was: String(found.was) };
  }
  throw new CorruptStateError(`flow:meta: migrating cannot be read: ${json}`);
}

function asBefore(layout: FlowLayout, { schema, epoch, was }: Left): FlowLayout {
  return withEpoch(
    withMeta(withMeta(layout, "migrating", undefined), "schema", String(layoutSchema(Number(schema)))),
    epoch,
    was,
  );
}

/** The new flow, read as this version reads it. */
function prepared({ layout, stops }: Walked): FlowLayout {
  if (stops.length > 0) throw new InvalidArgumentError(`the flow cannot be migrated: ${stops.join("; ")}`);
  return layoutOf(understood(layout));
}

/** Replaces the keys that change; all others stay where they are. */
async function swap(
  flow: RedisFlow,
  old: FlowLayout,
  layout: FlowLayout,
  migrating: string,
  progress: Progress,
): Promise<string> {
  const { keys } = flow;
  const changed = new Set(differences(old, layout).map(({ key }) => key)).add("flow:meta");
  const names = KEY_LAYOUTS.map(({ key }) => key).filter((key) => changed.has(key));
  const plain = withoutEpoch(layout);
  const part = inChunks({
    ...plain,
    entries: {
      ...plain.entries,
      ...Object.fromEntries(KEY_LAYOUTS.filter(({ key }) => !changed.has(key)).map(({ key }) => [key, []])),
    },
  });
  const epoch = await stage(flow, {
    id: part.id,
    chunks: part.chunks,
    epoch: newEpoch(),
    replaces: migrating,
    source: "sf-state migrate",
    meta: [["was", epochOf(old)]],
    progress,
  });
  const staged = withoutEpoch(await flow.askStaged(exportFlow));
  const [first] = differences({ ...staged, eventsAdded: plain.eventsAdded }, part.layout);
  if (first) throw new CorruptStateError(`${first.key} ${first.what} did not arrive as it was sent`);
  progress(part.chunks.length + 1, part.chunks.length + 2);

  await flow.run(
    "migration/finish",
    [
      keys.key("flow:meta"),
      keys.importProgress,
      keys.key("events:log"),
      keys.staged("flow:meta"),
      keys.staged("events:log"),
      ...stagedKeys(flow, names),
      ...names.map((name) => keys.key(name)),
    ],
    [part.id, migrating, epoch, old.entries["events:log"].at(-1)?.[0] ?? "", String(layout.eventsAdded)],
  );
  progress(1, 1);
  return epoch;
}
