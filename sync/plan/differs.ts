/** Whether a pair needs a closer look: what the flows of the account hold, and what is there, before any fill is booked. */
import { plus, same } from "../../src/exact/double.js";
import type { PositionSide } from "../../src/types.js";
import type { PositionMode } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { hasBothSides, netOf } from "./back-to-flat.js";

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
  const net = same(netOf(held), netOf(found), tolerance);
  if (mode === "netting" || (mode === undefined && !hasBothSides(found))) return !net;
  const sum = (rows: readonly Held[], side: PositionSide) =>
    plus(...rows.filter((row) => row.side === side).map(({ size }) => size));
  return (["long", "short"] as const).some((side) => !same(sum(held, side), sum(found, side), tolerance));
}
