/** Then the positions, by (pair, side): what the flow expects to have, and what there is. */

import { minus, plus, same } from "../../src/exact/double.js";
import type { ExchangePosition } from "../port/exchange.js";
import { canonicalPair, sideKey } from "../port/pairs.js";
import { isCloseOrderId } from "./client-order-id.js";
import { closingSide, type Draft, type Expected, feeNote, netSize } from "./draft.js";
import { fillName, recordedKey } from "./evidence.js";
import { externalOrderId, isExternal } from "./external-order.js";
import { externalPart, newestThatMake, type Piece } from "./pieces.js";

/** What is at the exchange beyond what is tracked. */
export interface Excess {
  readonly pair: string;
  readonly side: ExchangePosition["side"];
  readonly size: number;
  readonly tracked: number;
  readonly there: ExchangePosition;
}

/** One (pair, side), on both sides of the comparison. */
interface Side {
  readonly key: string;
  readonly tracked: readonly Expected[];
  readonly there: ExchangePosition | undefined;
}

/** Plans what became of the tracked positions; answers what is there beyond them. */
export function planPositions(draft: Draft): Excess[] {
  const sides = sidesOf(draft);
  const excesses: Excess[] = [];
  for (const side of sides) {
    planDust(draft, side);
    const expected = plus(...side.tracked.map(({ size }) => size));
    const size = side.there?.size ?? 0;
    if (same(expected, size, draft.options.tolerance)) continue;
    if (size > expected && side.there) {
      excesses.push({
        pair: side.there.pair,
        side: side.there.side,
        size: minus(size, expected),
        tracked: expected,
        there: side.there,
      });
    } else {
      planDeficit(draft, side, sides, expected, size);
    }
  }
  askPersonWhenAllIsGone(draft, sides);
  planOrphanedExits(draft);
  return excesses;
}

function sidesOf(draft: Draft): Side[] {
  const sides = new Map<string, { key: string; tracked: Expected[]; there: ExchangePosition | undefined }>();
  const side = (key: string) => {
    const found = sides.get(key) ?? { key, tracked: [], there: undefined };
    sides.set(key, found);
    return found;
  };
  const positions = [...draft.expected.values()].sort(
    (a, b) => a.entryTs.getTime() - b.entryTs.getTime() || (a.id < b.id ? -1 : 1),
  );
  for (const position of positions)
    if (position.size > 0) side(sideKey(position.pair, position.side)).tracked.push(position);
  for (const there of draft.evidence.positions.value) {
    if (there.size === 0) continue;
    const found = side(sideKey(there.pair, there.side));
    // Isolated and cross rows of one pair and side are one position here.
    found.there = found.there ? { ...found.there, size: plus(found.there.size, there.size) } : there;
  }
  return [...sides.values()];
}

function planDeficit(draft: Draft, side: Side, all: readonly Side[], expected: number, size: number): void {
  const [first] = side.tracked;
  if (!first) return;
  const { pair } = first;
  const exiting = draft.evidence.snapshot.orders.find(
    (order) =>
      order.intent === "exit" &&
      canonicalPair(order.pair) === canonicalPair(pair) &&
      draft.waiting.some(({ subject, harmless }) => subject === order.id && harmless),
  );
  if (exiting) {
    draft.waiting.push({ pair, subject: side.key, why: `exit ${exiting.id} is not known yet`, harmless: false });
    return;
  }
  if (draft.settles(pair, side.key)) return;
  const { reads, asked } = draft.evidence.positions;
  const seen = `${asked}: ${size === 0 ? "none" : size} in ${reads} agreeing reads, ${expected} tracked`;
  const deficit = minus(expected, size);
  // A position that was turned around went through zero by fills that the other side has the rest of.
  const opposite = all.find(
    (other) => other.key === sideKey(pair, first.side === "long" ? "short" : "long") && other.tracked.length === 0,
  );
  const turned = size === 0 ? (opposite?.there?.size ?? 0) : 0;
  const candidates = externalFills(draft, side.tracked);
  const pieces = newestThatMake(candidates, plus(deficit, turned));
  let left = deficit;
  for (const position of side.tracked) {
    if (left <= 0) break;
    left = minus(left, bookExternal(draft, position, pieces, Math.min(left, position.size), seen));
  }
  if (left <= 0) return;
  let missing = left;
  for (const position of side.tracked) {
    if (missing <= 0) break;
    const gone = Math.min(missing, position.size);
    missing = minus(missing, gone);
    planUnexplained(draft, position, gone, seen);
  }
}

/** Fills that reduce these positions, that no order of the flow made, as far as they are not booked; oldest first. */
function externalFills(draft: Draft, tracked: readonly Expected[]): Piece[] {
  const { evidence } = draft;
  const [first] = tracked;
  if (!first) return [];
  const since = Math.min(...tracked.map(({ entryTs }) => entryTs.getTime()));
  const known = new Map(
    [...evidence.orders.values()].flatMap(({ value }) => (value ? [[value.id, true] as const] : [])),
  );
  const own = new Set([...evidence.snapshot.orders.map(({ id }) => id), ...evidence.closedOrders.keys()]);
  const others = draft
    .fillsOf(first.pair)
    .filter(
      ({ side, positionSide, clientOrderId, orderId, fillId, ts }) =>
        side === closingSide(first.side) &&
        (positionSide === undefined || positionSide === first.side) &&
        ts.getTime() >= since &&
        !(clientOrderId !== undefined && (own.has(clientOrderId) || isCloseOrderId(clientOrderId))) &&
        !(clientOrderId === undefined && orderId !== undefined && known.has(orderId)) &&
        !tracked.some(({ id }) =>
          evidence.recorded.has(recordedKey(externalOrderId(evidence.snapshot.flowId, id), fillId)),
        ),
    );
  return others.flatMap((fill) => {
    const size = minus(netSize(fill), evidence.booked.get(fillName(first.pair, fill.side, fill.fillId)) ?? 0);
    return size > 0 ? [{ fill, size }] : [];
  });
}

/** Books pieces to a position until `need` is met, using them up; answers how much it booked. */
function bookExternal(draft: Draft, position: Expected, pieces: Piece[], need: number, seen: string): number {
  const { flowId } = draft.evidence.snapshot;
  const orderId = externalOrderId(flowId, position.id);
  let booked = 0;
  while (booked < need) {
    const piece = pieces.shift();
    if (!piece) break;
    const { fill } = piece;
    const size = Math.min(piece.size, minus(need, booked));
    if (size < piece.size) pieces.unshift({ fill, size: minus(piece.size, size) });
    booked = plus(booked, size);
    position.size = minus(position.size, size);
    const note = feeNote(fill);
    if (note) draft.notes.push(note);
    draft.add(
      {
        type: "book_external_fill",
        pair: position.pair,
        positionId: position.id,
        orderId,
        side: position.side,
        fill: externalPart(piece, size, booked === need || pieces.length === 0),
        evidence: [
          seen,
          `fetchFills: ${fill.side} ${fill.size} at ${fill.price}, ${fill.ts.toISOString()}, by ${fill.clientOrderId ?? "no order of the flow"}`,
        ],
      },
      position.id,
      fill.fillId,
    );
  }
  return booked;
}

function planUnexplained(draft: Draft, position: Expected, gone: number, seen: string): void {
  const { id, pair } = position;
  const stored = position.stored;
  if (!stored) {
    const why = "the fills that open it are booked first";
    draft.waiting.push({ pair, subject: id, why, harmless: false });
    return;
  }
  const evidence = [seen, `fetchFills: nothing that explains ${gone}`];
  const { version } = stored;
  const from = position.size;
  position.size = minus(position.size, gone);
  if (position.size === 0) {
    draft.add({ type: "close_external", pair, positionId: id, size: from, version, evidence }, id);
    draft.notes.push(`${pair}: position ${id} of ${from} is gone and no fill says how; its last PnL is booked as 0`);
  } else {
    draft.add({ type: "reduce_external", pair, positionId: id, from, size: position.size, version, evidence }, id);
    draft.notes.push(`${pair}: ${gone} of position ${id} is gone and no fill says how; no PnL is booked for it`);
  }
}

/** What is too small to be closed by an order would hold its slot for ever. */
function planDust(draft: Draft, { tracked, there }: Side): void {
  const expected = plus(...tracked.map(({ size }) => size));
  // Fills that say what became of it are booked instead.
  if ((there?.size ?? 0) < expected && externalFills(draft, tracked).length > 0) return;
  for (const position of tracked) {
    const { id, pair, size, stored } = position;
    const least = draft.minSize(pair);
    if (!stored || size === 0 || size >= least || (there?.size ?? 0) >= least) continue;
    if (draft.evidence.snapshot.orders.some((order) => order.positionId === id && !isExternal(order))) continue;
    const evidence = [`${size} is below the exchange's least order of ${least}`];
    draft.add({ type: "remove_dust", pair, positionId: id, size, version: stored.version, evidence }, id);
    draft.notes.push(`${pair}: position ${id} of ${size} is dust and is removed; nothing is booked`);
    position.size = 0;
  }
}

/** Whether an entry that is pending may still open the position: its exits wait for it. */
function mayOpen({ evidence, waiting }: Draft, positionId: string): boolean {
  return evidence.snapshot.orders.some(
    ({ id, intent, positionId: of }) =>
      intent === "entry" &&
      (of ?? id) === positionId &&
      (evidence.orders.get(id)?.value?.status === "open" || waiting.some(({ subject }) => subject === id)),
  );
}

/** An account that is empty where everything was tracked may be another account. */
function askPersonWhenAllIsGone(draft: Draft, sides: readonly Side[]): void {
  // What others hold, another account has too.
  const there = sides.some((side) => side.tracked.length > 0 && (side.there?.size ?? 0) > 0);
  const gone = draft.actions.filter(({ type }) => type === "close_external");
  if (there || gone.length === 0) return;
  for (const action of gone) {
    const at = draft.actions.indexOf(action);
    const needsPerson = "every position is gone and no fill says how: is this the right account?";
    draft.actions[at] = { ...action, needsPerson };
  }
}

/** Exits of a position that is gone would open another one. */
function planOrphanedExits(draft: Draft): void {
  for (const order of draft.evidence.snapshot.orders) {
    if (order.intent !== "exit" || order.positionId === undefined) continue;
    const known = draft.evidence.orders.get(order.id)?.value;
    if (known?.status !== "open" || (draft.expected.get(order.positionId)?.size ?? 0) > 0) continue;
    if (mayOpen(draft, order.positionId)) continue;
    draft.add(
      {
        type: "cancel_order",
        pair: order.pair,
        clientOrderId: order.id,
        why: `position ${order.positionId} is gone`,
        evidence: [`fetchOrder: open, filled ${known.filled} of ${known.size}`],
      },
      order.id,
    );
  }
}
