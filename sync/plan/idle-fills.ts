/**
 * Fills of the flow's exits that found nothing to reduce when they happened. If the account is short of what the flow has entered since, they reduce that,
 * as an exit does that is larger than its position.
 */
import { minus, plus, same } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { PendingOrder } from "../../src/types.js";
import { canonicalPair } from "../port/pairs.js";
import type { BookedFill } from "./action.js";
import { bookFill, type Draft, type UnbookedFill } from "./draft.js";
import { fillName, recordedKey } from "./evidence.js";
import { isForgotten, isOfClose, orderIdOf } from "./order-ids.js";
import { changedSide, net, sizeOn } from "./sides.js";
import { difference, type Unit } from "./units.js";
import { type Move, walkBack } from "./whose.js";

/** Plans to book idle fills, each as a whole, as far as they explain what is missing of a unit. */
export function planIdleFills(draft: Draft, unit: Unit): void {
  for (let i = 0; i < draft.idle.length; ) {
    const idle = draft.idle[i];
    if (!idle || !fits(draft, unit, idle)) {
      i += 1;
      continue;
    }
    draft.idle.splice(i, 1);
    const { positionId: _, ...anywhere } = idle.order;
    draft.expect(anywhere, idle.moves, idle.ts);
    bookFill(draft, idle, idle.fill);
    beforeEnd(draft, idle);
  }
}

/** Notes the idle fills that still explain nothing. */
export function noteIdleFills({ idle, notes }: Draft): void {
  for (const { order, fill } of idle) notes.push(overWords(order, fill, 0));
}

/** Words for the part of an exit that is more than the flow holds: it is not booked. */
export function overWords({ id, pair, positionId }: PendingOrder, { fillId, size }: BookedFill, left: number): string {
  return `${pair}: fill ${fillId} of order ${id} exits ${size}, and the flow has ${left} left of position ${positionId ?? "none"}: no more is booked`;
}

function fits(draft: Draft, unit: Unit, { order, moves }: UnbookedFill): boolean {
  const side = changedSide(order);
  if (canonicalPair(order.pair) !== canonicalPair(unit.pair) || (unit.side !== undefined && unit.side !== side))
    return false;
  const missing = order.side === "sell" ? -difference(unit) : difference(unit);
  const held = sizeOn(
    side,
    unit.tracked.filter((position) => position.side === side && position.pair === order.pair),
  );
  if (exceeds(moves, held) || !hasEnded(draft, order)) return false;
  return !exceeds(moves, missing) || isOwnDifference(draft, unit);
}

/**
 * In a netted pair: whether the flow's own fills since flat, without the idle ones, explain all that the flow tracks. If so, the account may hide what is
 * missing, because others have filled in the pair, too.
 */
function isOwnDifference(draft: Draft, unit: Unit): boolean {
  if (unit.side !== undefined) return false;
  const { booked, margin, clockAhead = 0, trades } = draft.evidence;
  const exited = trades.filter(({ id }) => draft.idle.some(({ order }) => order.positionId === id));
  const times = [...[...unit.tracked, ...exited].map(({ entryTs }) => entryTs), ...draft.idle.map(({ ts }) => ts)];
  const first = Math.min(...times.map((ts) => ts.getTime())) - margin + Math.min(0, clockAhead);
  const { moves, missing } = walkBack(draft, unit, first);
  if (missing !== undefined) return false;
  const made = moves.map(({ fill, moved, maker }) => {
    if (maker === "own") return isForgotten(draft, fill) ? 0 : moved;
    return towards(moved, booked.get(fillName(unit.pair, fill.side, fill.fillId)) ?? 0);
  });
  const idle = moves.map((move) => minus(move.moved, towards(move.moved, taken(draft, move))));
  return same(plus(...made), plus(net(unit.tracked), ...idle), draft.options.tolerance);
}

/** How much of a fill is accounted for: it is booked, this plan books it, or no order in state made it. */
function taken(draft: Draft, { fill, moved, maker }: Move): number {
  const id = orderIdOf(draft.evidence, fill);
  if (maker !== "own" || id === undefined || isForgotten(draft, fill) || isOfClose(draft, fill)) return Math.abs(moved);
  if (draft.evidence.recorded.has(recordedKey(id, fill.fillId))) return Math.abs(moved);
  const plans = draft.actions.flatMap((action) =>
    action.type === "record_fill" && action.orderId === id && action.fill.fillId === fill.fillId
      ? [action.fill.size]
      : [],
  );
  return plus(...plans);
}

function towards(moved: number, size: number): number {
  return Math.sign(moved) * Math.min(size, Math.abs(moved));
}

/** Whether the flow knows that the exit's own position has ended. If not, the exit cannot be assigned to another position. */
function hasEnded({ expected, evidence }: Draft, { positionId, filled }: PendingOrder): boolean {
  if (positionId === undefined || filled > 0) return true;
  return expected.get(positionId)?.size === 0 || evidence.trades.some(({ id }) => id === positionId);
}

/** Puts the fill that was added last before the end of its order. The fill may itself be that end. */
function beforeEnd({ actions }: Draft, { order, fill }: UnbookedFill): void {
  const end = actions.findIndex((action) => action.type === "end_order" && action.orderId === order.id);
  const added = actions.pop();
  if (!added || end < 0) actions.push(...(added ? [added] : []));
  else actions.splice(end, fill.done ? 1 : 0, added);
}
