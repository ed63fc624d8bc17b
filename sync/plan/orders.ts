/** The first part of a plan: the exchange's answer about each pending order, and the fills that are not booked yet. */

import { minus, plus, same } from "../../src/exact/double.js";
import { share } from "../../src/exact/share.js";
import { exceeds } from "../../src/exact/size.js";
import type { OrderStatus, PendingOrder } from "../../src/types.js";
import { roughSpan } from "../../src/words/in-words.js";
import type { ExchangeOrder } from "../port/exchange.js";
import type { BookedFill, OrderTerms } from "./action.js";
import { amended } from "./amendment.js";
import { bookFill, type Draft, sizeMoved, type UnbookedFill } from "./draft.js";
import { recordedKey } from "./evidence.js";
import { isExternal } from "./external-order.js";
import { unpricedFees } from "./fill-fees.js";
import { expectFlip } from "./flip.js";
import { overWords } from "./idle-fills.js";
import { neededRate } from "./needed-rate.js";
import { ARRIVED, exchangeIdOf, fillsOfOrder, knownOrder, lookedUp } from "./order-ids.js";
import { bookedPart, newestThatMake, type Piece, whole } from "./pieces.js";
import { doubtOfRepeat } from "./repeated-close.js";
import { changedSide } from "./sides.js";
import { doubtWords, judgeUnknown, searchOf, type Unknown, type Verdict } from "./unknown-orders.js";
import { unmarkedFills } from "./unmarked-fills.js";
import { untoldFill } from "./untold-fills.js";

/** Whether a recovery sent this order to close a position: its metadata says so. */
export function isRecoveryClose(order: PendingOrder): boolean {
  return order.metadata?.recovery !== undefined;
}

/** Plans the end, the status and the fills of every order that the flow knows. */
export function planOrders(draft: Draft): void {
  const { snapshot, closedOrders } = draft.evidence;
  for (const order of snapshot.orders.filter(isExternal)) {
    const why = "it stands for fills of others, and a crash left it pending";
    draft.add({ type: "end_order", pair: order.pair, orderId: order.id, as: "cancelled", why, evidence: [] }, order.id);
  }
  const pending = snapshot.orders.filter((order) => !isExternal(order));
  const unbooked: UnbookedFill[] = [];
  for (const order of pending) {
    if (!draft.evidence.orders.has(order.id)) {
      draft.contradiction(`order ${order.id}`, "the exchange was not asked for it");
      continue;
    }
    const known = knownOrder(draft.evidence, order);
    unbooked.push(...unbookedOf(draft, planAmendment(draft, order, known), known));
  }
  for (const order of closedOrders.values()) unbooked.push(...unbookedOf(draft, order, undefined));
  // In the order in which they happened. At the same moment entries come before the exits that close them.
  unbooked.sort(
    (a, b) => a.ts.getTime() - b.ts.getTime() || Number(a.order.intent === "exit") - Number(b.order.intent === "exit"),
  );
  for (const each of unbooked) planFill(draft, each);

  const unknowns = pending.flatMap((order) => unknownOf(draft, order));
  const verdicts = judgeUnknown(draft, unknowns, (order) => isYoung(draft, order));
  for (const { order, lacks } of unknowns) {
    const verdict = verdicts.get(order.id);
    if (verdict?.is !== "filled") continue;
    const why = `no fill says whose it is, but these ${lacks} are just what the order lacks, and the position differs by just that`;
    for (const each of asBooked(draft, order, verdict.group.pieces, { over: true, evidence: [why] }))
      planFill(draft, each);
  }
  for (const order of pending) planStatus(draft, order, draft.booked.has(order.id), verdicts.get(order.id));
}

/** The order with the size and price that somebody gave it at the exchange. */
function planAmendment(draft: Draft, order: PendingOrder, known: ExchangeOrder | undefined): PendingOrder {
  const to = known && amended(order, known, draft.options.tolerance);
  if (!known || !to) return order;
  const { id, pair, size, price } = order;
  const from: OrderTerms = { size, price };
  const evidence = [
    `fetchOrder: ${known.side} ${known.size} at ${known.price ?? "market"}, ${size} at ${price ?? "market"} in state`,
  ];
  draft.add({ type: "amend_order", pair, orderId: id, from, to, evidence }, id);
  return { ...order, ...to };
}

/** Plans to book a fill, as far as the positions hold enough to reduce. */
function planFill(draft: Draft, unbooked: UnbookedFill): void {
  const { order, fill, ts, moves } = unbooked;
  const held = expected(draft, order, moves, ts);
  // A fee in the base coin is taken from what is sold: it needs no size of its own.
  const size = held < moves ? Math.min(held, fill.size) : fill.size;
  if (size === 0) {
    draft.idle.push(unbooked);
    return;
  }
  if (size < fill.size) draft.notes.push(overWords(order, fill, size));
  bookFill(draft, unbooked, { ...fill, size, fee: feesOfPart(fill, size) });
}

/** Applies a fill to the expected positions. Returns how much of it can be booked. */
function expected(draft: Draft, order: PendingOrder, moves: number, ts: Date): number {
  if (order.flip !== undefined) {
    expectFlip(draft, order, moves, ts);
    return moves;
  }
  // If the position ended and nobody told its result, the fill tells it; only what is beyond that reduces others.
  const named = order.intent === "exit" && order.positionId !== undefined && !draft.expected.has(order.positionId);
  const untold = named ? (draft.evidence.trades.findLast(({ id }) => id === order.positionId)?.untold ?? 0) : 0;
  if (untold === 0) return draft.expect(order, moves, ts);
  const told = Math.min(moves, untold);
  if (told === moves) return moves;
  const { positionId: _, ...anywhere } = order;
  return plus(told, draft.expect(anywhere, minus(moves, told), ts));
}

function feesOfPart({ fee, size: all }: BookedFill, taken: number): BookedFill["fee"] {
  const part = (amount: number) => share(amount, { taken, left: all, whole: all });
  return typeof fee === "number" ? part(fee) : fee.map((each) => ({ ...each, amount: part(each.amount) }));
}

function unbookedOf(draft: Draft, order: PendingOrder, known: ExchangeOrder | undefined): UnbookedFill[] {
  const { evidence, options } = draft;
  const { tolerance } = options;
  const all = fillsOfOrder(draft.fillsOf(order.pair), order, known ?? lookedUp(evidence, order));
  const told = plus(...all.map(({ size }) => size));
  const filled = known ? known.filled : told;
  const agree = same(told, filled, tolerance);
  const isBooked = filled <= order.filled || same(filled, order.filled, tolerance);
  if (told > filled && !agree) {
    if (known && known.status !== "open" && isBooked) {
      draft.notes.push(
        `${order.pair}: the fills of order ${order.id} make up ${told}, and the exchange says that it is over with ${filled}, which is booked: one of them may be told twice, no more is booked`,
      );
      return [];
    }
    const why = `its fills make up ${told}, but it is said to be filled by ${filled}: one of the two is out of date. If it stays so, book what is right with recordFill(${JSON.stringify(order.id)}, ...)`;
    draft.contradiction(`order ${order.id}`, why);
    return [];
  }
  // The bot itself may have said that the order is filled, and by how much.
  if (order.status === "filled" || isBooked) return [];

  const fresh = all.filter(({ fillId }) => !evidence.recorded.has(recordedKey(order.id, fillId)));
  const missing = minus(filled, order.filled);
  const makeUp = same(plus(...fresh.map(({ size }) => size)), missing, tolerance);
  const state = [stateOf(known)];
  const mayGoOn = evidence.snapshot.orders.some(({ id }) => id === order.id) && isYoung(draft, order);
  const over = known ? known.status !== "open" : !mayGoOn;
  if (!makeUp && !agree) return known ? rest(draft, order, known, { all, fresh: fresh.map(whole), missing }) : [];
  // A bot that gives fills its own ids has booked the oldest. What is left of a doubled fill is not part of another one.
  const pieces = makeUp
    ? fresh.map(whole)
    : newestThatMake(fresh.map(whole), missing).filter(({ size }) => !same(missing, minus(missing, size), tolerance));
  if (order.intent === "entry" && known === undefined && exceeds(filled, order.size)) {
    const why = `its fills make up ${filled} of ${order.size}, and the exchange does not tell the order: look whether one was told twice, and book what is right with recordFill and overfill: true`;
    draft.contradiction(`order ${order.id}`, why);
    return [];
  }
  return asBooked(draft, order, pieces, { over, evidence: state });
}

/** What of an order is filled and not booked: the listed fills first, then the part without a listed fill, which a person has to confirm. */
function rest(
  draft: Draft,
  order: PendingOrder,
  known: ExchangeOrder,
  { all, fresh, missing }: { all: Parameters<typeof untoldFill>[2]; fresh: readonly Piece[]; missing: number },
): UnbookedFill[] {
  const { exchange } = draft.evidence;
  const { id, pair } = order;
  const asked = `fills of ${pair}`;
  const listed = plus(...fresh.map(({ size }) => size));
  const difference = `order ${id} is filled by ${known.filled} at the exchange and by ${order.filled} in state, and the fills that are not booked (${fresh.length} of ${all.length}) do not make up the difference`;
  const unmarked = unmarkedFills(draft, searchOf(order)).filter(({ orderId }) => orderId === undefined);
  const size = minus(missing, listed);
  const fits = plus(...unmarked.map((group) => group.size));
  if (unmarked.length > 0 && same(fits, size, draft.options.tolerance)) {
    const pieces = unmarked.flatMap((group) => group.pieces);
    const fills = new Set(pieces.map(({ fill }) => fill));
    draft.claims.push({
      orderId: id,
      pair,
      side: order.side,
      positionSide: changedSide(order),
      fills,
      state: "booked",
    });
    const why = `no fill says whose it is, but these ${fits} are just what it lacks`;
    return asBooked(draft, order, [...fresh, ...pieces], {
      over: known.status !== "open",
      evidence: [stateOf(known), why],
    });
  }
  const age = draft.evidence.snapshot.at.getTime() - order.createdAt.getTime();
  const untold = size > 0 && unmarked.length === 0 ? untoldFill(order, known, all, size) : undefined;
  // Fills can lag behind their order.
  if (!untold || age < draft.options.settle) {
    draft.contradiction(
      asked,
      `${difference}. If they do not turn up, book what it says with recordFill(${JSON.stringify(id)}, ...), and recover again`,
    );
    return [];
  }
  const fillId = `average:${known.filled}`;
  const { price } = untold;
  const over = known.status !== "open";
  const entered = order.intent === "entry" ? { ts: order.createdAt } : {};
  const reached = plus(order.filled, missing);
  const overfill = order.intent === "entry" && exceeds(reached, order.size);
  return [
    ...asBooked(draft, order, fresh, { over: false, evidence: [stateOf(known)] }),
    {
      order,
      fill: { fillId, price, size, fee: 0, ...entered, done: over, ...(overfill && { overfill }) },
      ts: order.intent === "entry" ? order.createdAt : draft.evidence.snapshot.at,
      moves: size,
      evidence: [stateOf(known), `fetchFills: ${all.length} of it are listed`, `the price is ${untold.from}`],
      needsPerson: `the exchange no longer lists the trades: ${exchange} says that order ${id} (${order.side} ${order.size} ${pair}) is filled by ${known.filled}, but lists no fill for ${size} of that.${clockHint(draft)} Look at the trades of order ${known.id} at ${exchange}. If ${size} at ${price} is right, approve this plan, and book the fee, which is not known, with bookCash(-FEE, { kind: "fee", ... }). If it is wrong, book what is right: mgr.recordFill(${JSON.stringify(id)}, { fillId, price, size, fee, ts }), and recover again`,
    },
  ];
}

/** Turns pieces of fills into fills of the order. */
function asBooked(
  draft: Draft,
  order: PendingOrder,
  pieces: readonly Piece[],
  { over, evidence }: { over: boolean; evidence: readonly string[] },
): UnbookedFill[] {
  const { rates } = draft.evidence;
  let reached = order.filled;
  return pieces.map((piece, i) => {
    reached = plus(reached, piece.size);
    const overfill = order.intent === "entry" && exceeds(reached, order.size);
    const { fill } = piece;
    draft.notes.push(...unpricedFees(fill, { rates }));
    const booked = bookedPart(piece, piece.size, { done: over && i === pieces.length - 1, rates });
    const needsPerson = neededRate(draft, order, fill.ts, booked.rate);
    return {
      order,
      fill: { ...booked, ...(overfill && { overfill }) },
      ts: fill.ts,
      moves: sizeMoved(fill, piece.size),
      evidence: [`fetchFills: ${fill.size} at ${fill.price}, ${fill.ts.toISOString()}`, ...evidence],
      ...(needsPerson !== undefined && { needsPerson }),
    };
  });
}

function stateOf(known: ExchangeOrder | undefined): string {
  return known ? `fetchOrder: ${known.status}, filled ${known.filled} of ${known.size}` : "fetchOrder: not known";
}

/** An order that the exchange does not tell, unless the plan's fills say that it is over. */
function unknownOf(draft: Draft, order: PendingOrder): Unknown[] {
  if (knownOrder(draft.evidence, order) || draft.booked.has(order.id)) return [];
  return [{ order, lacks: minus(order.size, order.filled) }];
}

/** Whether the order is too young to be given up or, if a recovery's closing order, to be sent again. */
function isYoung({ evidence, options }: Draft, order: PendingOrder): boolean {
  const age = evidence.snapshot.at.getTime() - order.createdAt.getTime();
  return age < (isRecoveryClose(order) ? options.settle : options.grace);
}

/** Plans the status of a pending order, apart from its fills. `booked`: a fill of the plan ends the order already. */
function planStatus(draft: Draft, order: PendingOrder, booked: boolean, verdict: Verdict | undefined): void {
  const { id, pair } = order;
  const known = knownOrder(draft.evidence, order);
  if (known?.status === "open") {
    const status: OrderStatus = known.filled > 0 ? "partially_filled" : "open";
    if (!booked && order.status !== status && order.status !== "partially_filled") {
      draft.add({ type: "set_order_status", pair, orderId: id, status, evidence: [stateOf(known)] }, id, status);
    }
    if (isRecoveryClose(order)) {
      draft.waiting.push({ pair, subject: id, why: "the order that closes it is open", harmless: false });
    }
    return;
  }
  if (known) {
    if (!booked) {
      const as = known.status === "rejected" && order.filled > 0 ? "cancelled" : known.status;
      draft.add(
        { type: "end_order", pair, orderId: id, as, why: `${as} at the exchange`, evidence: [stateOf(known)] },
        id,
      );
    }
    return;
  }
  if (!booked && verdict && verdict.is !== "filled") planUnknown(draft, order, verdict);
}

function planUnknown(draft: Draft, order: PendingOrder, verdict: Exclude<Verdict, { is: "filled" }>): void {
  const { evidence } = draft;
  const { id, pair, positionId } = order;
  const reads = evidence.orders.get(id)?.reads ?? 0;
  const age = evidence.snapshot.at.getTime() - order.createdAt.getTime();
  const seen = [`fetchOrder: not known, asked ${reads} times`, `${roughSpan(age)} old`];
  const toClose = positionId === undefined ? 0 : (draft.expected.get(positionId)?.size ?? 0);
  const closes = isRecoveryClose(order) && positionId !== undefined && order.filled === 0 && toClose > 0;
  if (verdict.is === "young") {
    const why = `the exchange does not know it yet, it is ${roughSpan(age)} old`;
    draft.waiting.push({ pair, subject: id, why, harmless: !closes });
    return;
  }
  if (closes) {
    const otherwise = `it is sent again, to close ${toClose} of position ${positionId}.`;
    const doubt =
      verdict.is === "doubtful"
        ? { ask: doubtWords(draft, order, verdict, otherwise) }
        : doubtOfRepeat(draft, { ...searchOf(order), id, size: toClose, reads });
    if (doubt && "wait" in doubt) {
      draft.waiting.push({ pair, subject: id, why: doubt.wait, harmless: false });
      return;
    }
    if (!doubt && order.metadata?.[ARRIVED] === true) {
      const over = "the exchange has taken it, and tells neither that it is open nor a fill";
      draft.add({ type: "end_order", pair, orderId: id, as: "cancelled", why: over, evidence: seen }, id);
      return;
    }
    draft.add(
      {
        type: "resubmit_close",
        pair,
        orderId: id,
        positionId,
        evidence: seen,
        ...(doubt && { needsPerson: doubt.ask }),
      },
      id,
    );
    return;
  }
  const why =
    order.filled === 0 && exchangeIdOf(order) === undefined ? "it never arrived" : "the exchange has forgotten it";
  const needsPerson =
    verdict.is === "doubtful"
      ? doubtWords(draft, order, verdict, "the order ends, and what is left over counts as others'.")
      : undefined;
  draft.add(
    {
      type: "end_order",
      pair,
      orderId: id,
      as: "cancelled",
      why,
      evidence: seen,
      ...(needsPerson !== undefined && { needsPerson }),
    },
    id,
  );
}

function clockHint({ evidence }: Draft): string {
  if (evidence.clockAhead !== undefined) return "";
  return ` (Or its fills are older than was asked for: ${evidence.exchange} does not tell its time: its clock and the flow's may be apart.)`;
}
