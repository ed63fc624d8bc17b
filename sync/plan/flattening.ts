/** `close_all`: closes tracked positions, as far as they are proven to be there and orders can close them. */
import { minus, plus, same } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { PendingOrder, PositionSide } from "../../src/types.js";
import { canonicalPair } from "../port/pairs.js";
import type { ActionType } from "./action.js";
import type { Draft, Expected } from "./draft.js";
import { fillName } from "./evidence.js";
import { isForgotten, ownerOf } from "./order-ids.js";
import { isRecoveryClose } from "./orders.js";
import { closingSide, sizeOn } from "./sides.js";
import { modeOfPair, type Unit, unitsOf } from "./units.js";
import { type Parts, partsOf } from "./whose.js";

export function planFlattening(draft: Draft): void {
  const units = unitsOf(draft);
  const taken = new Map<string, number>();
  for (const position of draft.inOrder()) {
    const { id, pair, side, size } = position;
    if (size === 0 || size < draft.minSize(pair)) continue;
    const unit = units.find((one) => isIn(one, position));
    if (!unit) continue;
    const key = `${canonicalPair(pair)} ${side}`;
    const closing = closingOf(draft, position);
    const proven = provenOf(draft, unit, side);
    const there = sizeOn(side, unit.there);
    const room = Math.max(0, minus(Math.min(there, proven.size), taken.get(key) ?? 0));
    const part = Math.min(size, room);
    taken.set(key, plus(taken.get(key) ?? 0, closing ? minus(closing.size, closing.filled) : part));
    if (closing) continue;
    const evidence = [`tracked ${size}, of which the exchange has its part`];
    if (part > 0 && part >= draft.minSize(pair))
      draft.add({ type: "close_position", pair, positionId: id, side, size: part, evidence }, id);
    const left = exceeds(size, part) ? minus(size, part) : 0;
    if (left > 0 && !isUnsettled(draft, position)) {
      const isNetted = unit.side === undefined && there < size;
      leave(draft, position, { size: left, evidence, doubt: isNetted ? undefined : proven.doubt });
    }
  }
}

function isIn(unit: Unit, { pair, side }: Expected): boolean {
  return canonicalPair(unit.pair) === canonicalPair(pair) && (unit.side === undefined || unit.side === side);
}

/** How much of a side is proven to be the flow's to close, and why no more is. */
interface Proven {
  readonly size: number;
  readonly doubt: string;
}

/**
 * How much of a side the flow may close. The exchange may show enough of that side although the flow's position is gone: nobody's order, an order that the
 * flow forgot or a stranger's order may have closed it, while others entered the same side. The flow may close what the fills leave of its position after
 * all of these. It suffices to count since flat, if the whole position is proven by that.
 */
function provenOf(draft: Draft, unit: Unit, side: PositionSide): Proven {
  const { exclusiveAccount, tolerance } = draft.options;
  const all = { size: Number.POSITIVE_INFINITY, doubt: "" };
  // For spot, coins that were sold since the position was opened are asked about before anything is sent.
  if (exclusiveAccount || modeOfPair(draft, unit.pair) === "spot") return all;
  const tracked = sizeOn(side, unit.tracked);
  const isAll = (size: number) => size >= tracked || same(size, tracked, tolerance);
  const towards = side === "long" ? 1 : -1;
  // Positions that were not opened by fills of the flow were taken over, or told by `savePosition`: nobody's orders may have made them.
  const takenOver = sizeOn(
    side,
    unit.tracked.filter(({ stored }) => stored !== undefined && stored.openedBy !== "fills"),
  );
  // What nobody's orders made on that side may have ended what others held against it. Only what is booked of it, or taken over, is the flow's.
  const nobodys = ({ unmarked, unmarkedBooked }: Parts) =>
    Math.min(unmarked * towards, plus(Math.max(0, unmarkedBooked * towards), takenOver));
  const ownOf = (parts: Parts) => {
    const { ours, unmarked, strangers, earlyStrangers } = parts;
    const sold = Math.min(0, minus(strangers, earlyStrangers) * towards);
    return Math.max(0, plus(minus(ours, unmarked) * towards, nobodys(parts), sold));
  };
  const sinceFlat = partsOf(draft, unit, true);
  if (sinceFlat.missing === undefined && isAll(ownOf(sinceFlat))) return all;
  const parts = partsOf(draft, unit);
  const { missing } = parts;
  const size = missing === undefined ? ownOf(parts) : minus(tracked, mayHaveClosed(draft, unit, side));
  if (isAll(size)) return all;
  const doubt = "orders that are not the flow's may have closed a part of it, and others have entered the same side";
  return { size: Math.max(0, size), doubt: missing ?? doubt };
}

/** The size that others' orders may have closed since the first entry: fills that are not booked and name no other flow. */
function mayHaveClosed(draft: Draft, { pair, tracked }: Unit, side: PositionSide): number {
  const { clockAhead = 0, margin, booked } = draft.evidence;
  const entries = tracked.filter((one) => one.side === side).map(({ entryTs }) => entryTs.getTime());
  const from = Math.min(...entries) + Math.min(0, clockAhead) - margin;
  const fills = draft.fillsOf(pair).filter((fill) => {
    if (fill.side !== closingSide(side) || fill.ts.getTime() < from) return false;
    if (fill.positionSide !== undefined && fill.positionSide !== side) return false;
    const owner = ownerOf(draft, fill);
    return owner !== "flow" && (owner !== "own" || isForgotten(draft, fill));
  });
  return plus(
    ...fills.map((fill) => Math.max(0, minus(fill.size, booked.get(fillName(pair, fill.side, fill.fillId)) ?? 0))),
  );
}

/** An order that already closes the position is left to do so. */
function closingOf({ evidence }: Draft, { id }: Expected): PendingOrder | undefined {
  return evidence.snapshot.orders.find(
    (order) =>
      order.positionId === id && isRecoveryClose(order) && evidence.orders.get(order.id)?.value?.status !== "cancelled",
  );
}

/** The pair's positions are not settled yet: what is left shows afterwards. Orphans do not count here. */
function isUnsettled({ waiting, actions }: Draft, { id, pair }: Expected): boolean {
  const isOfPair = (one: { readonly pair: string }) => canonicalPair(one.pair) === canonicalPair(pair);
  return (
    waiting.some((one) => isOfPair(one) && (!one.harmless || one.subject === id)) ||
    actions.some((action) => isOfPair(action) && !LEFT.has(action.type) && action.needsPerson !== undefined)
  );
}

const LEFT: ReadonlySet<ActionType> = new Set<ActionType>(["leave_position", "leave_orphan"]);

interface Left {
  readonly size: number;
  readonly evidence: readonly string[];
  /** Why it is not known whether the rest is the flow's; undefined: it is not there. */
  readonly doubt: string | undefined;
}

function leave(draft: Draft, position: Expected, { size, evidence, doubt }: Left): void {
  const { id, pair, side } = position;
  const needsPerson = doubt === undefined ? standsAgainst(draft, position, size) : mayBeOthers(position, size, doubt);
  draft.add({ type: "leave_position", pair, positionId: id, side, size, evidence, needsPerson }, id);
}

/** If the position is gone, an order to close it would close what others hold. */
function mayBeOthers({ id, side }: Expected, left: number, doubt: string): string {
  return `it is not known whether ${left} of position ${id} is still there: ${doubt}. An order to ${closingSide(side)} it may close what belongs to another. Find out who holds it. Close it by hand, or tell how it ended with closePosition(${JSON.stringify(id)}, { pnl }), then recover again. If you approve this plan, it stays as it is`;
}

/** A netting account nets longs against shorts: an order cannot close a position that stands against another. */
function standsAgainst(draft: Draft, position: Expected, left: number): string {
  const { id, pair, side } = position;
  const { exchange } = draft.evidence;
  const opposite: PositionSide = side === "long" ? "short" : "long";
  const own = draft
    .inOrder()
    .filter((one) => one.side === opposite && one.size > 0 && canonicalPair(one.pair) === canonicalPair(pair));
  const later = [position, ...own].reduce((a, b) => (b.entryTs > a.entryTs ? b : a));
  const price = later.stored?.entryPrice;
  const at = price === undefined ? "one price" : `one price, such as the ${price} at which the later one was entered`;
  const against =
    own.length === 0
      ? `${opposite}s of others`
      : `position${own.length > 1 ? "s" : ""} ${own.map((one) => one.id).join(", ")} of the flow`;
  const way =
    own.length === 0
      ? `Let those be settled first, or tell its result with closePosition(${JSON.stringify(id)}, { pnl })`
      : `End them at ${at}: closePosition(ID, { pnl }) for each`;
  return `${exchange} nets longs and shorts of ${pair}: ${left} of position ${id} stands against ${against}, and an order to ${closingSide(side)} it would open a new position. ${way}, then recover again. If you approve this plan, it stays as it is`;
}
