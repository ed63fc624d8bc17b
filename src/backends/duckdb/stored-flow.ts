import { CorruptStateError } from "../../errors.js";
import { SCHEMA_VERSION } from "../../state/flow-state.js";
import { otherSchema } from "../../state/schema.js";
import type { BackendContext } from "../backend.js";
import { Acknowledged, acknowledgedPath } from "./acknowledged.js";
import { countCommits } from "./commit-journal.js";
import { FlowFile } from "./flow-file.js";
import { type CheckpointPolicy, FlowStore } from "./flow-store.js";
import { identify } from "./identify.js";
import { checkLog } from "./log-check.js";
import { OpenLog } from "./open-log.js";
import { type OpenMark, readOpenMark } from "./open-mark.js";
import { lockedBy, refusalOf } from "./refusal.js";

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
type Context = Omit<BackendContext, "flowId"> & {
  readonly flowId: string | undefined;
  /** Whether the file is held for a look only, and says so. */
  readonly isLooking?: boolean;
};

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
    const log = new OpenLog(path);
    const acknowledged = new Acknowledged(path);
    const seen: Seen = { size: undefined, check() {}, async restore() {} };
    file = await FlowFile.open(path, {
      isLooking: context.isLooking ?? false,
      // Before DuckDB has it: to close the log afterwards would drop DuckDB's lock. A holder whom only DuckDB knows is told first.
      async before() {
        const { size } = log;
        seen.size = size;
        seen.check = settled(() => size && checkLog(log.path));
        // DuckDB removes an empty log when it opens the file.
        if (size === 0) seen.restore = await acknowledged.sayEmpty();
      },
    });
    const { size, check, restore } = seen;
    // Somebody whom the second lock did not know yet has just come and gone: what was read is not what is there.
    if (size !== 0 && log.size !== size) throw lockedBy(path, 0);
    check();
    if (size === 0) {
      await log.begin();
      await restore();
    }
    const mark = await readOpenMark(file.connection);
    if (mark) {
      const expected = await acknowledged.after(mark.checkpoint);
      const found = await countCommits(file.connection);
      if (size === undefined && expected !== 0) throw withoutLog(path, mark);
      if (size !== undefined && size > 0 && found < (expected ?? 1)) throw cutLog(path, mark, found, expected);
      if (size !== undefined && size > 0 && expected === undefined) context.warn?.(untold(path, found));
      if (size === 0 && expected !== 0) context.warn?.(emptyLog(path, mark, expected));
    }
    const crashed = mark !== undefined || size !== undefined;
    const { flowId, schema } = await identify(file.connection, path, context.flowId);
    if (schema < SCHEMA_VERSION) return { flowId, file, schema, read: await readOlder(file, schema) };
    const store = await FlowStore.load(file.connection, { ...context, flowId }, policy, { log, acknowledged });
    return { flowId, file, store, crashed };
  } catch (error) {
    file?.close();
    throw refusalOf(path, error);
  }
}

/** What was seen before DuckDB opened the file, and what to do after it. */
interface Seen {
  size: number | undefined;
  check: () => void;
  restore: () => Promise<void>;
}

/** Runs a step now, throws later what it threw. */
function settled(step: () => unknown): () => void {
  try {
    step();
    return () => {};
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function withoutLog(path: string, { at }: OpenMark): CorruptStateError {
  return new CorruptStateError(
    `${path} was in use when it was left or copied, and its log ${path}.wal is missing: what was changed after ${timeOf(at)} is in that log only. A copy without its log is older than its original.\nIt was left as it is. Put the log back beside it; or, to go on with the older state, make an empty one, as with: touch ${path}.wal`,
  );
}

function cutLog(path: string, { at }: OpenMark, found: number, expected: number | undefined): CorruptStateError {
  const [log, told] = [`${path}.wal`, acknowledgedPath(path)];
  const story =
    expected === undefined
      ? `was changed after ${timeOf(at)}, and nothing of that is in its log ${log}: the log was cut, or is another one`
      : `had acknowledged ${expected} commits after ${timeOf(at)}, as ${told} says, and ${found === 0 ? "none" : `only ${found}`} of them ${found === 1 ? "is" : "are"} in its log ${log}: the log was cut, or is an older one`;
  const goOn =
    found > 0
      ? `remove ${told}`
      : `put the log aside and make an empty one, as with: mv ${log} ${log}.cut && touch ${log}`;
  return new CorruptStateError(
    `${path} ${story}.\nIt was left as it is. Put the whole log back beside it; or, to go on with what there is, which is older, ${goOn}`,
  );
}

function untold(path: string, found: number): string {
  return `${acknowledgedPath(path)} is missing, or is of another time: the log of ${path} has ${found} commits, and nothing proves that there were no more`;
}

function emptyLog(path: string, { at }: OpenMark, expected: number | undefined): string {
  return `the log of ${path} is empty, though ${expected === undefined ? "changes were" : `${expected} commits were`} acknowledged after ${timeOf(at)}: this is the older state of then`;
}

function timeOf(at: number): string {
  return new Date(at).toISOString();
}
