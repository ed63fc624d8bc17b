/** The orders by which a recovery closes what is not in state, as its journal has them: noted before they are sent. */
import { sideKey } from "../port/pairs.js";

export interface OrphanTry {
  readonly id: string;
  readonly pair: string;
  /** Of what is closed. */
  readonly side: string;
  readonly attempt: number;
  /** Of the order; absent in notes of before it was noted. */
  readonly size?: number;
  /** When it was noted, on the flow's clock, ms; absent in notes of before it was noted. */
  readonly at?: number;
  /** The exchange has refused its id as one that it had taken before. */
  readonly arrived?: true;
}

const KEY = "orphan ";

export function orphanTries(journal: ReadonlyMap<string, string> | undefined): OrphanTry[] {
  return [...(journal ?? [])].flatMap(([key, value]) => {
    if (!key.startsWith(KEY)) return [];
    const noted: Omit<OrphanTry, "id"> = JSON.parse(value);
    return [{ ...noted, id: key.slice(KEY.length) }];
  });
}

/** Whether an order of this id is, or may be, on its way to close what is not in state. */
export function isOrphanTry(journal: ReadonlyMap<string, string> | undefined, id: string): boolean {
  return journal?.has(`${KEY}${id}`) === true;
}

/** Those of one (pair, side), in the order in which they were made. */
export function triesToClose(
  journal: ReadonlyMap<string, string> | undefined,
  pair: string,
  side: string,
): OrphanTry[] {
  return orphanTries(journal)
    .filter((tried) => sideKey(tried.pair, tried.side) === sideKey(pair, side))
    .sort((a, b) => a.attempt - b.attempt);
}

/** The note of a try: key and value. */
export function orphanNote({ id, ...noted }: OrphanTry): [key: string, value: string] {
  return [`${KEY}${id}`, JSON.stringify(noted)];
}
