/** A unit is what an account counts as one: in netting mode the net of a pair, else the long or the short side of a pair. */
import { minus, plus, same } from "../../src/exact/double.js";
import type { PositionSide } from "../../src/types.js";
import type { ExchangePosition, PositionMode } from "../port/exchange.js";
import { canonicalPair, sideKey } from "../port/pairs.js";
import type { Draft, Expected } from "./draft.js";
import { hasBothSides, net, sizeOn } from "./sides.js";

export interface Unit {
  readonly key: string;
  /** The flow's name of the pair; the exchange's if the flow holds none. */
  readonly pair: string;
  /** The side, if the unit is one side of a pair; undefined: it is the pair's net. */
  readonly side: PositionSide | undefined;
  /** What the flow holds once the plan's fills are booked, oldest first. */
  readonly tracked: readonly Expected[];
  /** The exchange's rows. Several rows of one side count as one (isolated and cross). */
  readonly there: readonly ExchangePosition[];
  /** What the account's other flows hold, as far as they can be read; signed. */
  readonly others: number;
}

/** Exchange less flows. Above zero: the exchange has more longs, or fewer shorts, than the flows. */
export function difference(unit: Unit): number {
  return minus(net(unit.there), plus(net(unit.tracked), unit.others));
}

/** How the account counts a pair; undefined if it matters and nobody knows. */
export function modeOfPair(draft: Draft, pair: string): PositionMode | undefined {
  const { positionMode, positions } = draft.evidence;
  if (positionMode !== undefined) return positionMode;
  const isOfPair = (one: { readonly pair: string }) => canonicalPair(one.pair) === canonicalPair(pair);
  if (hasBothSides(positions.value.filter(isOfPair))) return "hedge";
  return hasBothSides([...draft.expected.values()].filter(isOfPair)) ? undefined : "netting";
}

/** Whether longs and shorts of a pair are counted separately. */
export function countsBySide(draft: Draft, pair: string): boolean {
  const mode = modeOfPair(draft, pair);
  return mode === "hedge" || mode === "spot";
}

/** Everything that is tracked or at the exchange, by unit. A pair of unknown mode is compared by its net. */
export function unitsOf(draft: Draft): Unit[] {
  const units = new Map<
    string,
    { -readonly [K in keyof Unit]: Unit[K] } & { tracked: Expected[]; there: ExchangePosition[] }
  >();
  const unitOf = (pair: string, side: PositionSide) => {
    const bySide = countsBySide(draft, pair);
    const key = bySide ? sideKey(pair, side) : canonicalPair(pair);
    const found = units.get(key) ?? { key, pair, side: bySide ? side : undefined, tracked: [], there: [], others: 0 };
    units.set(key, found);
    return found;
  };
  for (const position of draft.inOrder())
    if (position.size > 0) unitOf(position.pair, position.side).tracked.push(position);
  for (const row of draft.evidence.positions.value) {
    if (row.size === 0) continue;
    const { there } = unitOf(row.pair, row.side);
    const at = there.findIndex(({ side }) => side === row.side);
    const known = there[at];
    if (known) there[at] = { ...known, size: plus(known.size, row.size) };
    else there.push(row);
  }
  for (const flow of draft.evidence.accountFlows) {
    if (!flow.readable) continue;
    for (const position of flow.positions) {
      const known = [...units.values()].find(
        (unit) =>
          canonicalPair(unit.pair) === canonicalPair(position.pair) &&
          (unit.side === undefined || unit.side === position.side),
      );
      if (known) known.others = plus(known.others, net([position]));
    }
  }
  return [...units.values()];
}

/** For a pair of unknown mode: whether both sides at the exchange are as the flow tracks them. */
export function agreesBySide({ tracked, there }: Unit, tolerance: number): boolean {
  return (["long", "short"] as const).every((side) => same(sizeOn(side, tracked), sizeOn(side, there), tolerance));
}
