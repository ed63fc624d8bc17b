/** The orders by which a recovery closes orphans, as noted in its journal before they are sent. */
import { sideKey } from "../port/pairs.js";

export interface OrphanTry {
  readonly id: string;
  readonly pair: string;
  /** The side of the position that is closed. */
  readonly side: string;
  readonly attempt: number;
  /** Size of the order; absent in old notes, which did not hold it. */
  readonly size?: number;
  /** When the try was noted, on the flow's clock, ms; absent in old notes, which did not hold it. */
  readonly at?: number;
  /** The exchange refused the order's id because it had already taken it. */
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

/** Whether an order of this id may be on its way to close an orphan. */
export function isOrphanTry(journal: ReadonlyMap<string, string> | undefined, id: string): boolean {
  return journal?.has(`${KEY}${id}`) === true;
}

/** The tries of one (pair, side), oldest first. */
export function triesToClose(
  journal: ReadonlyMap<string, string> | undefined,
  pair: string,
  side: string,
): OrphanTry[] {
  return orphanTries(journal)
    .filter((tried) => sideKey(tried.pair, tried.side) === sideKey(pair, side))
    .sort((a, b) => a.attempt - b.attempt);
}

/** Key and value of a try's note in the journal. */
export function orphanNote({ id, ...noted }: OrphanTry): [key: string, value: string] {
  return [`${KEY}${id}`, JSON.stringify(noted)];
}
