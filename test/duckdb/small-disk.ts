/**
 * Changes a flow, in a process that may write no file beyond some size, until a commit fails; then closes and opens it again.
 * `small-disk.ts path same` changes the same positions again and again and leaves the journal alone, so that there is room
 * again once it was emptied; `small-disk.ts path new` makes new ones, with a checkpoint at every fifth commit.
 * Prints what came of every call, as JSON.
 */
import { StateError, UnknownOutcomeError } from "../../src/errors.js";
import { getPosition } from "../../src/operations/get-position.js";
import { savePosition } from "../../src/operations/save-position.js";
import { backend, NO_CHECKPOINTS } from "./backend.js";
import { position } from "./samples.js";

/** What the parent reads. */
export interface SmallDiskReport {
  /** Of each lane: the positions whose change resolved, with their versions, and how it ended. */
  readonly lanes: readonly {
    readonly told: readonly (readonly [string, number])[];
    readonly code: string;
    readonly retry: string;
  }[];
  /** How reading ended, while the lanes were changing. */
  readonly read: string;
  /** A change and a read after the failure. */
  readonly afterwards: readonly string[];
  /** A read after `close`. */
  readonly closed: string;
  /** Connecting again. */
  readonly connected: string;
  /** One more change. */
  readonly again: string;
}

const LANES = 8;
const METADATA = JSON.stringify({ note: "x".repeat(10_000) });

const [path = "", mode = ""] = process.argv.slice(2);
const flow = backend(path, { maxEvents: 3 }, mode === "same" ? NO_CHECKPOINTS : { commits: 5 });
await flow.connect();

function codeIn(error: unknown): string {
  return error instanceof StateError ? error.code : String(error);
}

function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(() => "resolved", codeIn);
}

/** Changes one position, or makes one after the other, until that fails. */
async function lane(name: number): Promise<SmallDiskReport["lanes"][number]> {
  const told = new Map<string, number>();
  try {
    for (let n = 0; ; n++) {
      const id = mode === "same" ? String(name) : `${name}-${n}`;
      // Where there is to be room again, every other change is small: what stands then fits in where a large one did not.
      const metadata = mode === "same" && n % 2 === 1 ? "{}" : METADATA;
      told.set(id, (await flow.execute(savePosition, position(id, { metadata }), "")).version);
    }
  } catch (error) {
    const retry = error instanceof UnknownOutcomeError ? await codeOf(error.retry()) : "none";
    return { told: [...told], code: codeIn(error), retry };
  }
}

/** Reads until that fails. */
async function reader(): Promise<string> {
  try {
    for (;;) {
      await flow.execute(getPosition, { id: "0" }, "");
      await new Promise(setImmediate);
    }
  } catch (error) {
    return codeIn(error);
  }
}

const [read, ...lanes] = await Promise.all([reader(), ...Array.from({ length: LANES }, (_, name) => lane(name))]);
const afterwards = [
  await codeOf(flow.execute(savePosition, position("late"), "")),
  await codeOf(flow.execute(getPosition, { id: "0" }, "")),
];
await flow.close();
const closed = await codeOf(flow.execute(getPosition, { id: "0" }, ""));
const connected = await codeOf(flow.connect());
const again = await codeOf(flow.execute(savePosition, position("late"), ""));
await flow.close();
console.log(JSON.stringify({ lanes, read, afterwards, closed, connected, again } satisfies SmallDiskReport));
