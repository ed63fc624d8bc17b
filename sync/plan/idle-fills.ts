/**
 * Fills of the flow's exits that found nothing to reduce when they happened. Where the account is short of what the flow has entered since, they go
 * on to that, as an exit does that is more than its position.
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

/** Plans to book them, whole, as far as they make up a part of what is missing of a unit. */
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

/** Those that nothing was found for. */
export function noteIdleFills({ idle, notes }: Draft): void {
  for (const { order, fill } of idle) notes.push(overWords(order, fill, 0));
}

/** What is more than the flow holds is not booked. */
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
 * Whether what the flow tracks of a pair that is netted is what its own fills have made since nothing was held, but for those that found nothing: others may
 * have filled in it so that the account does not show it.
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

/** What of a fill has found its place: in state, by this plan, or because it is of no order that state knows. */
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

/** Whether the flow knows that the exit's own position has ended: else what the exit is of cannot be told. */
function hasEnded({ expected, evidence }: Draft, { positionId, filled }: PendingOrder): boolean {
  if (positionId === undefined || filled > 0) return true;
  return expected.get(positionId)?.size === 0 || evidence.trades.some(({ id }) => id === positionId);
}

/** A fill that was added last goes before the end of its order, which it may be itself. */
function beforeEnd({ actions }: Draft, { order, fill }: UnbookedFill): void {
  const end = actions.findIndex((action) => action.type === "end_order" && action.orderId === order.id);
  const added = actions.pop();
  if (!added || end < 0) actions.push(...(added ? [added] : []));
  else actions.splice(end, fill.done ? 1 : 0, added);
}
