import type { FlowLayout } from "../layout/flow-layout.js";
import type { Snapshot } from "../types.js";
import type { PortableFlow } from "./portable.js";

/** A flow as it was read. */
export interface FoundFlow {
  readonly flowId: string;
  readonly layout: FlowLayout;
  /** The place's clock when it was read, ms. */
  readonly now: number;
  /** Whether other processes may still change it. */
  readonly isShared: boolean;
  /** The exchange account of the flow at that place, or at the time of the backup. */
  readonly account?: string | undefined;
}

/** Progress of a copy: steps done, of so many. */
export type Progress = (done: number, total: number) => void;

export interface WriteOptions {
  readonly flowId: string;
  /** Origin of the flow: its place, its epoch and account there, and when it was read (ms on that place's clock). */
  readonly source: {
    readonly name: string;
    readonly epoch: string;
    readonly readAt: number;
    readonly account?: string | undefined;
  };
  /** The epoch of the flow that will be replaced; "" if there is none. It must still be there at the end. */
  readonly replaces: string;
  readonly progress: Progress;
}

export interface Written {
  readonly epoch: string;
  /** Where the replaced flow is kept, if it is. */
  readonly kept?: string;
}

/** A place that holds one flow, or none: a Redis server, a DuckDB file, a backup. */
export interface FlowPlace {
  /** For messages; never with a password. */
  readonly name: string;
  /** Whether it accepts a flow of an older schema unchanged: a backup does. */
  readonly takesOlder?: boolean;

  /** Whether nobody trades on the flow there, as with a backup. */
  readonly isAside?: boolean;

  /** The flow, read at one moment, of any schema; undefined if there is none. Changes nothing. Rejects with a StateError. */
  read(): Promise<FoundFlow | undefined>;

  /**
   * Stores a flow as a whole under a new epoch. The existing flow stays until the new one takes its place in one step, after it was read back and found
   * equal. After an interruption at any moment, the same call continues or begins again.
   */
  write(flow: PortableFlow, options: WriteOptions): Promise<Written>;

  /** The flow's snapshot as of `now`. */
  snapshot(now: number): Promise<Omit<Snapshot, "flowId">>;
}

/** Includes remembered signals of any age. */
export function snapshotArgs(now: number) {
  return { dayStart: 0, dedupWindow: now };
}
