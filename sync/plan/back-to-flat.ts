/** Whether a pair's fills lead from the present position back to zero. If they do, they show who built the position. */
import { minus, plus } from "../../src/exact/double.js";
import type { ExchangeFill, ExchangePosition, PositionMode } from "../port/exchange.js";
import { sizeMoved } from "./draft.js";
import { hasBothSides, net, sizeOn } from "./sides.js";

/**
 * `there`: the rows of the pair; `fills`: its fills up to now, oldest first. In hedge mode each side is walked back by the fills that name it; a fill that
 * names no side ends the walk, since it may be of either. A flat moment counts only if it was before `from` (ms): after that, positions of several holders
 * may have stood against each other.
 */
export function leadsBackToFlat(
  fills: readonly ExchangeFill[],
  there: readonly ExchangePosition[],
  mode: PositionMode | undefined,
  tolerance: number,
  from = Number.POSITIVE_INFINITY,
): boolean {
  const hedged = mode === "hedge" || (mode === undefined && hasBothSides(there));
  if (!hedged) return isReached(fills, net(there), { tolerance, from });
  return (["long", "short"] as const).every((side) => {
    const held = sizeOn(side, there);
    if (held === 0) return true;
    const nameless = fills.findLastIndex(({ positionSide }) => positionSide === undefined);
    const own = fills.slice(nameless + 1).filter(({ positionSide }) => positionSide === side);
    return isReached(own, side === "long" ? held : -held, { tolerance, from });
  });
}

/** Whether taking the fills back, newest first, reaches or passes zero. */
function isReached(
  fills: readonly ExchangeFill[],
  held: number,
  { tolerance, from }: { readonly tolerance: number; readonly from: number },
): boolean {
  let left = held;
  let largest = Math.abs(held);
  for (let i = fills.length - 1; ; i--) {
    const fill = fills[i];
    const isFar = !fill || fill.ts.getTime() < from;
    if (isFar && Math.abs(left) <= tolerance * largest) return true;
    if (!fill) return false;
    const moved = sizeMoved(fill, fill.size);
    const before = fill.side === "buy" ? minus(left, moved) : plus(left, moved);
    if (isFar && before * left < 0) return true;
    left = before;
    largest = Math.max(largest, Math.abs(left));
  }
}
