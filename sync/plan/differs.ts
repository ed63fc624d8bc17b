/** Whether a pair needs a closer look: compares the account's flows with the exchange before any fill is booked. */
import { same } from "../../src/exact/double.js";
import type { PositionSide } from "../../src/types.js";
import type { PositionMode } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { hasBothSides, net, sizeOn } from "./sides.js";

interface Held {
  readonly pair: string;
  readonly side: PositionSide;
  readonly size: number;
}

export function differs(
  pair: string,
  tracked: readonly Held[],
  there: readonly Held[],
  mode: PositionMode | undefined,
  tolerance: number,
): boolean {
  const ofPair = (rows: readonly Held[]) => rows.filter((row) => canonicalPair(row.pair) === canonicalPair(pair));
  const [held, found] = [ofPair(tracked), ofPair(there)];
  const isSameNet = same(net(held), net(found), tolerance);
  if (mode === "netting" || (mode === undefined && !hasBothSides(found))) return !isSameNet;
  return (["long", "short"] as const).some((side) => !same(sizeOn(side, held), sizeOn(side, found), tolerance));
}
