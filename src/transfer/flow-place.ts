import type { FlowLayout } from "../layout/flow-layout.js";
import type { Snapshot } from "../types.js";
import type { PortableFlow } from "./portable.js";

/** A flow as it was found. */
export interface FoundFlow {
  readonly flowId: string;
  readonly layout: FlowLayout;
  /** The place's clock when it was read, ms. */
  readonly now: number;
  /** Whether other processes may go on changing it. */
  readonly isShared: boolean;
  /** The exchange account that it is in there, or was when it was backed up. */
  readonly account?: string | undefined;
}

/** How far a copy is: steps done, of so many. */
export type Progress = (done: number, total: number) => void;

export interface WriteOptions {
  readonly flowId: string;
  /** Where it comes from, under which epoch and in which account it was there, and when it was read (ms on that place's clock). */
  readonly source: {
    readonly name: string;
    readonly epoch: string;
    readonly readAt: number;
    readonly account?: string | undefined;
  };
  /** The epoch of the flow that is to be replaced; "" when there is none. It must still be there in the end. */
  readonly replaces: string;
  readonly progress: Progress;
}

export interface Written {
  readonly epoch: string;
  /** Where what was replaced is kept, if it is. */
  readonly kept?: string;
}

/** A place that holds one flow, or none: a Redis server, a DuckDB file, a backup. */
export interface FlowPlace {
  /** For messages; never with a password. */
  readonly name: string;
  /** Whether it takes a flow of an older schema as it is: a backup does. */
  readonly takesOlder?: boolean;

  /** Whether nobody trades on what is there: on a backup. */
  readonly isAside?: boolean;

  /** The flow, read at one moment, whatever its schema; undefined when there is none. Changes nothing. Rejects with a StateError. */
  read(): Promise<FoundFlow | undefined>;

  /**
   * Puts a flow there, whole, under a new epoch. What is there stays as it is until, in one step, the new takes its place; by
   * then that was read back and found the same. After an end at any moment, the same call goes on or begins again.
   */
  write(flow: PortableFlow, options: WriteOptions): Promise<Written>;

  /** What the flow there tells of itself as of `now`. */
  snapshot(now: number): Promise<Omit<Snapshot, "flowId">>;
}

/** Remembered signals of any age are told. */
export function snapshotArgs(now: number) {
  return { dayStart: 0, dedupWindow: now };
}
