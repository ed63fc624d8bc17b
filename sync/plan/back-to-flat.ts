/** Whether the fills of a pair go back to when nothing was held: only then they tell all who built what is there. */
import { minus, plus } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { ExchangeFill, ExchangePosition, PositionMode } from "../port/exchange.js";
import { sizeMoved } from "./draft.js";

/** `there`: the rows of one pair; `fills`: of that pair, oldest first. */
export function reachesFlat(
  there: readonly ExchangePosition[],
  fills: readonly ExchangeFill[],
  mode: PositionMode | undefined,
): boolean {
  const rows = there.filter(({ size }) => size > 0);
  const bySide = mode === "hedge" || (mode === undefined && new Set(rows.map(({ side }) => side)).size > 1);
  if (bySide) return rows.every(({ side, size }) => sideReachesFlat(side, size, fills));
  const held = plus(...rows.map(({ side, size }) => (side === "long" ? size : -size)));
  return netReachesFlat(held, fills);
}

function netReachesFlat(held: number, fills: readonly ExchangeFill[]): boolean {
  if (held === 0) return true;
  let left = Math.abs(held);
  const opening = held > 0 ? "buy" : "sell";
  for (const fill of fills.toReversed()) {
    const moved = sizeMoved(fill, fill.size);
    // The one that opened it may have turned the position around: it went through flat.
    if (fill.side === opening && !exceeds(left, moved)) return true;
    left = fill.side === opening ? minus(left, moved) : plus(left, moved);
  }
  return false;
}

function sideReachesFlat(side: ExchangePosition["side"], held: number, fills: readonly ExchangeFill[]): boolean {
  if (fills.some(({ positionSide }) => positionSide === undefined)) return false;
  const own = fills.filter(({ positionSide }) => positionSide === side);
  return netReachesFlat(side === "long" ? held : -held, own);
}
