import { CorruptStateError } from "../../errors.js";
import { SCHEMA_VERSION } from "../../state/flow-state.js";
import { otherSchema } from "../../state/schema.js";
import { shellLine } from "../../words/shell-line.js";
import type { BackendContext } from "../backend.js";
import { Acknowledged, acknowledgedPath } from "./acknowledged.js";
import { journalStart } from "./commit-journal.js";
import { FlowFile } from "./flow-file.js";
import { type CheckpointPolicy, FlowStore } from "./flow-store.js";
import { identify } from "./identify.js";
import { checkLog, type LogEnd } from "./log-check.js";
import { OpenLog } from "./open-log.js";
import { type OpenMark, readMark } from "./open-mark.js";
import { lockedBy, refusalOf } from "./refusal.js";
import { settled } from "./settled.js";
import { tableSizes } from "./sql-table.js";

/** An open file, with the flow that was read from it. */
export interface StoredFlow {
  readonly flowId: string;
  readonly file: FlowFile;
  readonly store: FlowStore;
  /** Whether the last holder of the file left without closing it. */
  readonly crashed: boolean;
}

/** An open file of an older schema, with what `readOlder` made of its flow. */
export interface OlderFlow<Read> {
  readonly flowId: string;
  readonly file: FlowFile;
  readonly schema: number;
  readonly read: Read;
}

/** Without the flow's id: the flow that the file holds. */
type Context = Omit<BackendContext, "flowId"> & {
  readonly flowId: string | undefined;
  /** Whether the file is held only for a look, and says so. */
  readonly isLooking?: boolean;
};

/**
 * Opens a stored flow: the context's flow or, without an id there, the one that the file holds. The file is left byte for byte as it is. Throws a
 * StateError.
 */
export async function openStored(path: string, context: Context, policy: CheckpointPolicy): Promise<StoredFlow> {
  const found = await openAny(path, context, policy, async () => undefined);
  if ("store" in found) return found;
  found.file.close();
  throw otherSchema(path, found.schema);
}

/** The same for an older schema, too: `readOlder` reads such a flow. */
export async function openAny<Read>(
  path: string,
  context: Context,
  policy: CheckpointPolicy,
  readOlder: (file: FlowFile, schema: number) => Promise<Read>,
): Promise<StoredFlow | OlderFlow<Read>> {
  let file: FlowFile | undefined;
  try {
    const log = new OpenLog(path);
    const acknowledged = new Acknowledged(path);
    const seen: Seen = { size: undefined, check: () => undefined, async restore() {} };
    file = await FlowFile.open(path, {
      isLooking: context.isLooking ?? false,
      // Read the log before DuckDB opens it: closing the log afterwards would drop DuckDB's lock. If only DuckDB's lock knows a holder, that error comes
      // first.
      async before() {
        const { size } = log;
        seen.size = size;
        if (size) seen.check = settled(() => checkLog(log.path));
        // DuckDB removes an empty log when it opens the file.
        if (size === 0) seen.restore = await acknowledged.sayEmpty();
      },
    });
    const { size, check, restore } = seen;
    // Another process, which had no second lock yet, has opened and closed the file meanwhile: what was read is out of date.
    if (size !== 0 && log.size !== size) throw lockedBy(path, 0);
    const end = check();
    if (size === 0) {
      await log.begin();
      await restore();
    }
    const { flowId, schema } = await identify(file.connection, path, context.flowId);
    const sizes = await tableSizes(file.connection);
    const { open: mark, journal } = await readMark(file.connection, sizes);
    const { commits: found, after } = await journalStart(file.connection);
    if (found > 0 && after !== journal) throw otherLog(path, mark);
    if (mark) {
      const expected = await acknowledged.after(mark.checkpoint);
      const isAllThere = expected !== undefined && found >= expected;
      // Somebody who opened the file with DuckDB alone has written the log into it.
      if (size === undefined && !isAllThere) throw withoutLog(path, mark);
      if (size !== undefined && size > 0) {
        if (found < (expected ?? 1)) throw cutLog(path, mark, { found, expected, end });
        if (expected === undefined && end?.isTorn) throw tornLog(path, mark, found, end);
        // A log that was cut exactly at the end of a commit looks whole.
        if (expected === undefined) context.warn?.(untold(path, mark, found));
      }
      if (size === 0 && !isAllThere) context.warn?.(emptyLog(path, mark, expected));
    }
    const crashed = mark !== undefined || size !== undefined;
    if (schema < SCHEMA_VERSION) return { flowId, file, schema, read: await readOlder(file, schema) };
    const store = await FlowStore.load(file.connection, { ...context, flowId }, policy, { log, acknowledged }, sizes);
    return { flowId, file, store, crashed };
  } catch (error) {
    file?.close();
    throw refusalOf(path, error);
  }
}

/** What was seen before DuckDB opened the file, and what to do afterwards. */
interface Seen {
  size: number | undefined;
  check: () => LogEnd | undefined;
  restore: () => Promise<void>;
}

function withoutLog(path: string, { at }: OpenMark): CorruptStateError {
  const log = `${path}.wal`;
  return new CorruptStateError(
    `${path} was in use when it was left or copied, and its log ${log} is missing: what was changed after ${timeOf(at)} is in that log only. A copy without its log is older than its original.\nIt was left as it is. Put the log back beside it; or, to go on with the older state, make an empty one, as with: ${shellLine(["touch", log])}`,
  );
}

/** `end`: where the log can be cut, to continue with the commits that it holds. */
interface Cut {
  readonly found: number;
  readonly expected: number | undefined;
  readonly end: LogEnd | undefined;
}

function cutLog(path: string, { at }: OpenMark, { found, expected, end }: Cut): CorruptStateError {
  const [log, told] = [`${path}.wal`, acknowledgedPath(path)];
  const story =
    expected === undefined
      ? `was changed after ${timeOf(at)}, and nothing of that is in its log ${log}: the log was cut, or is another one`
      : `had acknowledged ${expected} commits after ${timeOf(at)}, as ${told} says, and ${found === 0 ? "none" : `only ${found}`} of them ${found === 1 ? "is" : "are"} in its log ${log}: the log was cut, or is an older one`;
  return new CorruptStateError(
    `${path} ${story}.\nIt was left as it is. Put the whole log back beside it; or, to go on with what there is, which is older, ${found > 0 ? withWhatThereIs(path, end) : withoutItsLog(path)}`,
  );
}

/** After a crash `.acked` lies beside the log, and shows that an incomplete commit was acknowledged to nobody. */
function tornLog(path: string, { at }: OpenMark, found: number, end: LogEnd): CorruptStateError {
  const [log, told] = [`${path}.wal`, acknowledgedPath(path)];
  return new CorruptStateError(
    `${path} was copied without ${told}, or its log ${log} was cut: the log ends in the middle of a commit, after ${found} that are whole, and nothing says whether that one, and others after it, were acknowledged after ${timeOf(at)}.\nIt was left as it is. Put the whole log back beside it, or ${told}; or, to go on with what there is, which may be older, ${withWhatThereIs(path, end)}`,
  );
}

function otherLog(path: string, mark: OpenMark | undefined): CorruptStateError {
  const log = `${path}.wal`;
  const file = mark ? `was last written at ${timeOf(mark.at)}` : "was closed";
  return new CorruptStateError(
    `${path} and its log ${log} are of different times: the file ${file}, and what the log holds was changed at another time. Together they are no state that ever was.\nBoth were left as they are. Put the log of the same moment back beside the file; or, to go on with the file alone, which may be older, ${withoutItsLog(path)}`,
  );
}

function withWhatThereIs(path: string, end: LogEnd | undefined): string {
  const [log, told] = [`${path}.wal`, acknowledgedPath(path)];
  const forget = shellLine(["rm", "-f", told]);
  if (!end?.isTorn) return `remove ${told}, as with: ${forget}`;
  return `let the log end with its last whole commit, as with: ${shellLine(["truncate", "-s", String(end.whole), log])} && ${forget}`;
}

function withoutItsLog(path: string): string {
  const log = `${path}.wal`;
  return `put the log aside and make an empty one, as with: ${shellLine(["mv", log, `${log}.cut`])} && ${shellLine(["touch", log])}`;
}

function untold(path: string, { at }: OpenMark, found: number): string {
  return `${path} may be older than what was acknowledged: ${acknowledgedPath(path)} is missing, or is of another time. The log holds ${found} commits after ${timeOf(at)}, all whole, and nothing proves that there were no more`;
}

function emptyLog(path: string, { at }: OpenMark, expected: number | undefined): string {
  return `the log of ${path} is empty, though ${expected === undefined ? "changes were" : `${expected} commits were`} acknowledged after ${timeOf(at)}: this is the older state of then`;
}

function timeOf(at: number): string {
  return new Date(at).toISOString();
}
