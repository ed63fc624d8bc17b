/** Then the positions: what the flow expects to have, and what there is. */

import { minus, plus, same } from "../../src/exact/double.js";
import type { OrderSide, PositionSide } from "../../src/types.js";
import type { ExchangeFill, ExchangePosition } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { isCloseOrderId } from "./client-order-id.js";
import { closingSide, type Draft, type Expected, netSize } from "./draft.js";
import { fillName, recordedKey } from "./evidence.js";
import { externalOrderId, isExternal } from "./external-order.js";
import { unpricedFees } from "./fill-fees.js";
import { ownerOf } from "./order-ids.js";
import { externalPart, newestThatMake, type Piece } from "./pieces.js";
import { agreesBySide, difference, modeOfPair, net, type Unit, unitsOf } from "./units.js";
import { concernOfOthers, flowsNet } from "./whose.js";

/** What is at the exchange beyond what is tracked. */
export interface Excess {
  readonly pair: string;
  readonly side: PositionSide;
  readonly size: number;
  readonly tracked: number;
  /** The exchange's row of that side. */
  readonly there: ExchangePosition;
  readonly unit: Unit;
}

/** Plans what became of the tracked positions; answers what is there beyond them. */
export function planPositions(draft: Draft): Excess[] {
  const units = unitsOf(draft);
  const excesses: Excess[] = [];
  for (const unit of units) {
    planDust(draft, unit);
    const excess = planUnit(draft, unit);
    if (excess) excesses.push(excess);
  }
  askPersonWhenAllIsGone(draft, units);
  planOrphanedExits(draft);
  return excesses;
}

function planUnit(draft: Draft, unit: Unit): Excess | undefined {
  const { tolerance } = draft.options;
  const more = difference(unit);
  if (isNothing(more, unit, tolerance)) return undefined;
  const { pair, key } = unit;
  if (modeOfPair(draft, pair) === undefined) {
    if (!agreesBySide(unit, tolerance)) askHowItCounts(draft, unit);
    return undefined;
  }
  const others = concernOfOthers(draft, pair);
  if (others !== undefined) {
    leaveToOthers(draft, unit, more, others);
    return undefined;
  }
  // Sells reduce longs, buys reduce shorts.
  const reduces: PositionSide = more < 0 ? "long" : "short";
  const reduced = unit.tracked.filter(({ side, size }) => side === reduces && size > 0);
  if (reduced.length > 0) {
    const exiting = draft.evidence.snapshot.orders.find(
      (order) =>
        order.intent === "exit" &&
        canonicalPair(order.pair) === canonicalPair(pair) &&
        order.side === closingSide(reduces) &&
        draft.waiting.some(({ subject, harmless }) => subject === order.id && harmless),
    );
    if (exiting) {
      draft.waiting.push({ pair, subject: key, why: `exit ${exiting.id} is not known yet`, harmless: false });
      return undefined;
    }
    if (draft.isHeldBack(pair, closingSide(reduces), reduces)) return undefined;
    if (draft.settles(pair, key)) return undefined;
  }
  const candidates = externalFills(draft, unit, reduces, reduced);
  const need = needOf(draft, unit, more, candidates);
  if (need === 0) {
    leaveToOthers(draft, unit, more, "fills of another flow's orders explain it");
    return undefined;
  }
  const held = plus(...reduced.map(({ size }) => size));
  const { reads, asked } = draft.evidence.positions;
  const seen = `${asked}: ${unit.there.length === 0 ? "none" : wordsOf(unit.there)} in ${reads} agreeing reads, ${wordsOf(unit.tracked)} tracked`;
  const gone = Math.min(need, held);
  const pieces = newestThatMake(candidates.pieces, need);
  const shared = sharedWithOthers(draft, unit, need, candidates);
  let left = gone;
  for (const position of reduced) {
    if (left <= 0) break;
    left = minus(left, bookExternal(draft, position, pieces, { need: Math.min(left, position.size), seen, shared }));
  }
  for (const position of reduced) {
    if (left <= 0) break;
    const part = Math.min(left, position.size);
    left = minus(left, part);
    planUnexplained(draft, position, part, { seen, doubt: candidates.doubt });
  }
  const beyond = minus(need, gone);
  return beyond > 0 && beyond > tolerance * need
    ? excessOf(unit, reduces === "long" ? "short" : "long", beyond)
    : undefined;
}

function excessOf(unit: Unit, side: PositionSide, size: number): Excess | undefined {
  const there = unit.there.find((row) => row.side === side);
  if (!there) return undefined; // what the flow holds on both sides of the pair stands against it
  const tracked = plus(...unit.tracked.filter((position) => position.side === side).map((position) => position.size));
  return { pair: there.pair, side, size, tracked, there, unit };
}

function isNothing(more: number, { tracked, there }: Unit, tolerance: number): boolean {
  return Math.abs(more) <= tolerance * Math.max(...[...tracked, ...there].map(({ size }) => size), 0);
}

function wordsOf(all: readonly { readonly side: PositionSide; readonly size: number }[]): string {
  const sides = (["long", "short"] as const).flatMap((side) => {
    const size = plus(...all.filter((one) => one.side === side).map((one) => one.size));
    return size > 0 ? [`${side} ${size}`] : [];
  });
  return sides.length === 0 ? "nothing" : sides.join(" and ");
}

function askHowItCounts(draft: Draft, unit: Unit): void {
  const { pair, tracked, there } = unit;
  const { exchange, positions } = draft.evidence;
  const needsPerson = `${exchange} does not say whether it nets longs and shorts of ${pair}: tell it (positionMode of the exchange, --hedged), and recover again`;
  const [row] = there;
  draft.add(
    {
      type: "leave_orphan",
      pair,
      side: row?.side ?? "long",
      size: row?.size ?? 0,
      evidence: [`${positions.asked}: ${wordsOf(there)}, ${wordsOf(tracked)} tracked`],
      needsPerson,
    },
    canonicalPair(pair),
  );
}

/** A difference that may be another flow's is left to that flow, or to a person. */
function leaveToOthers(draft: Draft, { pair, key }: Unit, more: number, why: string): void {
  const what = `${more > 0 ? "long" : "short"} ${Math.abs(more)}`;
  draft.foreign.push({ kind: "position", pair, what: `${what}: ${why}` });
  draft.waiting.push({
    pair,
    subject: key,
    why: `${what} is not explained by this flow's own orders, and ${why}`,
    harmless: true,
  });
}

/** Fills of others that reduce what is held, oldest first, as far as they are not booked. */
interface Candidates {
  readonly pieces: readonly Piece[];
  /** Why there may be more of them; undefined: there are none. */
  readonly doubt: string | undefined;
}

/**
 * How much of a difference is the flow's. In netting mode fills of other flows move the net as well: what they made is theirs, unless the fills
 * that nobody marked explain all of it.
 */
function needOf(draft: Draft, unit: Unit, more: number, { pieces }: Candidates): number {
  const whole = Math.abs(more);
  if (unit.side !== undefined) return whole;
  const theirs = flowsNet(draft, unit);
  const { tolerance } = draft.options;
  if (theirs === 0 || same(plus(...pieces.map(({ size }) => size)), whole, tolerance)) return whole;
  const rest = more > 0 ? minus(more, theirs) : minus(theirs, more);
  return rest > tolerance * whole ? Math.min(rest, whole) : 0;
}

/** Why it is not known how much of what nobody marked was the flow's, where other flows hold the net as well; undefined where it is. */
function sharedWithOthers(draft: Draft, unit: Unit, need: number, { pieces }: Candidates): string | undefined {
  const { tolerance, exclusiveAccount } = draft.options;
  const unmarked = plus(...pieces.map(({ size }) => size));
  if (unit.side !== undefined || exclusiveAccount || pieces.length === 0) return undefined;
  const theirs = flowsNet(draft, unit);
  if (theirs === 0 || same(unmarked, need, tolerance)) return undefined;
  // Nothing is left, neither of theirs: the flow's part is all that it held.
  if (net(unit.there) === 0 && same(unmarked, plus(need, Math.abs(theirs)), tolerance)) return undefined;
  return `fills of ${unmarked} ${unit.pair} are marked by nobody, ${need} is gone of what the flow holds, and other flows trade the pair: which of them were this flow's is not known. If this one was, approve this plan`;
}

function externalFills(draft: Draft, unit: Unit, reduces: PositionSide, reduced: readonly Expected[]): Candidates {
  if (reduced.length === 0) return { pieces: [], doubt: undefined };
  const { evidence } = draft;
  const { clockAhead = 0, margin, trades, snapshot } = evidence;
  const side: OrderSide = closingSide(reduces);
  const entered = Math.min(...reduced.map(({ entryTs }) => entryTs.getTime())) + clockAhead;
  const bySide = unit.side !== undefined && modeOfPair(draft, unit.pair) === "hedge";
  // A trade of that side which ended about then was closed by such a fill, whoever told its result.
  const isOfEarlierTrade = (at: number) =>
    at < entered &&
    trades.some(
      (trade) =>
        trade.side === reduces &&
        canonicalPair(trade.pair) === canonicalPair(unit.pair) &&
        Math.abs(trade.exitTs.getTime() + clockAhead - at) <= margin,
    );
  const isExternalTo = (fill: ExchangeFill) =>
    reduced.some(({ id }) => evidence.recorded.has(recordedKey(externalOrderId(snapshot.flowId, id), fill.fillId)));
  let doubt: string | undefined;
  const pieces: Piece[] = [];
  for (const fill of draft.fillsOf(unit.pair)) {
    const at = fill.ts.getTime();
    if (fill.side !== side || at < entered - margin || draft.isClaimed(fill) || isExternalTo(fill)) continue;
    if (fill.clientOrderId !== undefined && isCloseOrderId(fill.clientOrderId)) continue;
    const owner = ownerOf(draft, fill);
    if (owner === "own" || owner === "flow" || isOfEarlierTrade(at)) continue;
    if (fill.positionSide !== undefined && fill.positionSide !== reduces) continue;
    const size = minus(netSize(fill), evidence.booked.get(fillName(unit.pair, side, fill.fillId)) ?? 0);
    if (size <= 0) continue;
    if (bySide && fill.positionSide === undefined) {
      doubt = `fill ${fill.fillId}, ${side} ${size} at ${fill.price}, does not say which side of the pair it changed`;
      continue;
    }
    pieces.push({ fill, size });
  }
  return { pieces, doubt };
}

/** Why a person has to say that a fill is the flow's; undefined where that is proven. */
function doubtOf(draft: Draft, { fill }: Piece, position: Expected): string | undefined {
  const owner = ownerOf(draft, fill);
  if (owner === "exchange" || owner === "nobody" || draft.options.exclusiveAccount) return undefined;
  // Where longs and shorts stand by themselves, less than the flow holds is less, whoever sold it.
  if (modeOfPair(draft, position.pair) !== "netting") return undefined;
  const who =
    owner === "stranger"
      ? `was made under the client order id ${fill.clientOrderId ?? "of its order"}, which the flow does not know`
      : "does not say whose order made it";
  return `fill ${fill.fillId} ${who}: in netting mode it may be another bot's. If it closed position ${position.id}, approve this plan; where the account is this flow's alone, recovery.exclusive_account: true says so`;
}

/** Books pieces to a position until `need` is met, using them up; answers how much it booked. */
function bookExternal(
  draft: Draft,
  position: Expected,
  pieces: Piece[],
  { need, seen, shared }: { readonly need: number; readonly seen: string; readonly shared: string | undefined },
): number {
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
    draft.notes.push(...unpricedFees(fill, draft.evidence));
    const needsPerson = doubtOf(draft, piece, position) ?? shared;
    draft.add(
      {
        type: "book_external_fill",
        pair: position.pair,
        positionId: position.id,
        orderId,
        side: position.side,
        fill: externalPart(piece, size, { done: booked === need || pieces.length === 0, rates: draft.evidence.rates }),
        evidence: [
          seen,
          `fetchFills: ${fill.side} ${fill.size} at ${fill.price}, ${fill.ts.toISOString()}, by ${fill.clientOrderId ?? "no order of the flow"}`,
        ],
        ...(needsPerson !== undefined && { needsPerson }),
      },
      position.id,
      fill.fillId,
    );
  }
  return booked;
}

interface Unexplained {
  readonly seen: string;
  /** Why a fill may explain it all the same. */
  readonly doubt: string | undefined;
}

function planUnexplained(draft: Draft, position: Expected, gone: number, { seen, doubt }: Unexplained): void {
  const { id, pair, stored } = position;
  if (!stored) {
    const why = "the fills that open it are booked first";
    draft.waiting.push({ pair, subject: id, why, harmless: false });
    return;
  }
  const { at } = draft.evidence.snapshot;
  const expires = draft.evidence.markets.get(canonicalPair(pair))?.expires;
  const settled =
    expires !== undefined && expires <= at ? `the contract was settled at ${expires.toISOString()}` : undefined;
  const evidence = [
    seen,
    doubt ?? `fetchFills: nothing that explains ${gone}`,
    ...(settled === undefined ? [] : [settled]),
  ];
  const asks = draft.options.unexplained === "ask" || doubt !== undefined;
  const how = settled ?? doubt ?? "no fill says how it went";
  const name = JSON.stringify(id);
  const { version } = stored;
  const from = position.size;
  position.size = minus(position.size, gone);
  if (position.size === 0) {
    const needsPerson = `${how}: what it made is not known. If you know it, tell it: closePosition(${name}, { pnl }), then recover again. If nobody does, approve this plan: it ends without a result`;
    const asked = asks ? { needsPerson } : {};
    draft.add({ type: "close_external", pair, positionId: id, size: from, version, evidence, ...asked }, id);
    draft.notes.push(`${pair}: position ${id} of ${from} is gone and no fill says how: its result is not known`);
  } else {
    // What is left of it goes on: it may not be closed.
    const needsPerson = `${how}: what ${gone} of it made is not known. If you know it, book it: bookCash(PNL, { id, kind, positionId: ${name} }), kind "fee" where fees have eaten it, recover again, and approve that plan. If nobody does, approve this one: ${position.size} of it goes on`;
    const asked = asks ? { needsPerson } : {};
    draft.add(
      { type: "reduce_external", pair, positionId: id, from, size: position.size, version, evidence, ...asked },
      id,
    );
    draft.notes.push(`${pair}: ${gone} of position ${id} is gone and no fill says how: what it made is not known`);
  }
}

/** What is too small to be closed by an order would hold its slot for ever. */
function planDust(draft: Draft, unit: Unit): void {
  const held = Math.abs(net(unit.there));
  for (const position of unit.tracked) {
    const { id, pair, side, size, stored } = position;
    const least = draft.minSize(pair);
    if (!stored || size === 0 || size >= least || held >= least) continue;
    if (draft.evidence.snapshot.orders.some((order) => order.positionId === id && !isExternal(order))) continue;
    // Fills that say what became of it are booked instead.
    if (held < size && externalFills(draft, unit, side, [position]).pieces.length > 0) continue;
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
function askPersonWhenAllIsGone(draft: Draft, units: readonly Unit[]): void {
  // What others hold, another account has too.
  const there = units.some(({ tracked, there: rows }) => tracked.length > 0 && rows.length > 0);
  if (there || !draft.actions.some(({ type }) => type === "close_external")) return;
  draft.wrongAccount = "every position is gone and no fill says how: is this the right account?";
  for (const [i, action] of draft.actions.entries()) {
    if (action.type === "close_external") draft.actions[i] = { ...action, needsPerson: draft.wrongAccount };
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
