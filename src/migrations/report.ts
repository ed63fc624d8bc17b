/** What a migration will do, and what it did. */
import { InvalidArgumentError } from "../errors.js";
import type { FlowLayout } from "../layout/flow-layout.js";
import { clientRow } from "../layout/stored-records.js";
import { MIGRATIONS } from "./all.js";
import type { Walked } from "./walk.js";

/** The present state of a flow, and what a migration would do with it. Nothing was changed. */
export interface Plan {
  /** The flow's place, for messages. */
  readonly place: string;
  readonly from: number;
  readonly to: number;
  /** What each step changes. */
  readonly steps: readonly string[];
  readonly notes: readonly string[];
  /** Obstacles: while there is one, nothing is changed. */
  readonly stops: readonly string[];
  readonly instances: readonly SeenInstance[];
  /** True if an earlier run was left unfinished: until it is ended or undone, every call on the flow is refused. */
  readonly unfinished: boolean;
}

export interface SeenInstance {
  readonly id: string;
  /** Time since its last sign of life, ms. */
  readonly silent: number;
  /** Version of its package; undefined: before 0.2. */
  readonly version: string | undefined;
  /** True if its last sign of life is so recent that it may be trading. */
  readonly alive: boolean;
}

export interface Report {
  readonly from: number;
  readonly to: number;
  readonly epoch: string;
  /** How long every call was refused, ms. */
  readonly refusedFor: number;
  /** Where the old flow is kept, if it is. */
  readonly kept?: string;
}

export function nothingToDo({ from }: Pick<Walked, "from">): InvalidArgumentError {
  return new InvalidArgumentError(`the flow is of schema ${from} already: there is nothing to migrate`);
}

/** A bot whose last sign of life is younger than this may be trading, ms. */
const ALIVE = 60_000;

export function planOf(
  place: string,
  { from, to, notes, stops }: Walked,
  layout: FlowLayout,
  now: number,
  unfinished: boolean,
): Plan {
  const steps = MIGRATIONS.filter((each) => each.to > from).map(
    (each) => `${each.to - 1} to ${each.to}: ${each.summary}`,
  );
  return { place, from, to, steps, notes, stops, instances: instancesOf(layout, now), unfinished };
}

/** The newest first. */
function instancesOf({ entries }: FlowLayout, now: number): SeenInstance[] {
  const versions = new Map(entries["execution:versions"].map(([id = "", told = ""]) => [id, clientRow(told).version]));
  return entries["execution:instances"]
    .map(([id = "", at]) => {
      const silent = Math.max(0, now - Number(at));
      return { id, silent, version: versions.get(id), alive: silent < ALIVE };
    })
    .sort((a, b) => a.silent - b.silent);
}
