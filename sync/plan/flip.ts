/** An entry that turns a position around, as `recordFill` books it. */
import { minus, plus } from "../../src/exact/double.js";
import { sameSize } from "../../src/exact/size.js";
import { compareBytes } from "../../src/state/ranking.js";
import type { PendingOrder } from "../../src/types.js";
import type { Draft } from "./draft.js";
import { closingSide, positionSideOf } from "./sides.js";

/** Applies a fill of a flip: it closes the position that the order names, then that side's others, oldest first; the rest opens the order's own. */
export function expectFlip(draft: Draft, order: PendingOrder, moves: number, ts: Date): void {
  const { id, pair, flip, positionId } = order;
  const other = [...draft.expected.values()]
    .filter((each) => each.pair === pair && closingSide(each.side) === order.side && each.size > 0)
    .sort(
      (a, b) =>
        Number(b.id === flip) - Number(a.id === flip) ||
        a.entryTs.getTime() - b.entryTs.getTime() ||
        compareBytes(a.id, b.id),
    );
  let left = moves;
  for (const each of other) {
    const taken = Math.min(each.size, left);
    each.size = sameSize(left, each.size) ? 0 : minus(each.size, taken);
    left = sameSize(left, taken) ? 0 : minus(left, taken);
  }
  if (left === 0) return;
  const own = positionId === undefined || positionId === flip ? id : positionId;
  const held = draft.expected.get(own);
  if (held) held.size = plus(held.size, left);
  else {
    const side = positionSideOf(order.side);
    draft.expected.set(own, { id: own, pair, side, size: left, entryTs: ts, stored: undefined });
  }
}
