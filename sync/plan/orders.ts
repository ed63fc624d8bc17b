/** First the orders: what the exchange says of every pending one, and the fills that are not booked yet. */

import { minus, plus, same } from "../../src/exact/double.js";
import { share } from "../../src/exact/share.js";
import { exceeds } from "../../src/exact/size.js";
import type { OrderStatus, PendingOrder } from "../../src/types.js";
import type { ExchangeFill, ExchangeOrder } from "../port/exchange.js";
import type { BookedFill } from "./action.js";
import { type Draft, feeNote, sizeMoved } from "./draft.js";
import { recordedKey } from "./evidence.js";
import { isExternal } from "./external-order.js";
import { bookedPart, newestThatMake, whole } from "./pieces.js";

interface UnbookedFill {
  readonly order: PendingOrder;
  readonly fill: BookedFill;
  /** By how much it moves positions. */
  readonly moves: number;
  readonly evidence: readonly string[];
}

/** The order by which a recovery closes a position says so in its metadata. */
export function isRecoveryClose(order: PendingOrder): boolean {
  return order.metadata?.recovery !== undefined;
}

/** Plans the end, the state and the fills of every order the flow knows. */
export function planOrders(draft: Draft): void {
  const { snapshot, closedOrders } = draft.evidence;
  const unbooked: UnbookedFill[] = [];
  const pending = snapshot.orders.filter((order) => !isExternal(order));
  for (const order of snapshot.orders.filter(isExternal)) {
    const why = "it stands for fills of others, and a crash left it pending";
    draft.add({ type: "end_order", pair: order.pair, orderId: order.id, as: "cancelled", why, evidence: [] }, order.id);
  }
  for (const order of pending) {
    const known = draft.evidence.orders.get(order.id);
    if (!known) draft.contradiction(`order ${order.id}`, "the exchange was not asked for it");
    else unbooked.push(...unbookedOf(draft, order, known.value));
  }
  for (const order of closedOrders.values()) unbooked.push(...unbookedOf(draft, order, undefined));

  // As they happened; of the same moment, entries before the exits that close them.
  unbooked.sort(
    (a, b) =>
      a.fill.ts.getTime() - b.fill.ts.getTime() ||
      Number(a.order.intent === "exit") - Number(b.order.intent === "exit"),
  );
  const booked = new Map<string, number>();
  for (const { order, fill, moves, evidence } of unbooked) {
    const { id, pair } = order;
    const held = draft.expect(order, moves, fill.ts);
    // A fee in the base coin goes with what is sold: it needs nothing of its own.
    const size = held < moves ? Math.min(held, fill.size) : fill.size;
    if (size < fill.size) {
      draft.notes.push(
        `${pair}: fill ${fill.fillId} of order ${id} exits ${fill.size}, and the flow has ${size} left of position ${order.positionId ?? "none"}: no more is booked`,
      );
    }
    if (size === 0) continue;
    const from = booked.get(id) ?? order.filled;
    booked.set(id, plus(from, size));
    const part = { ...fill, size, fee: feesOfPart(fill, size) };
    draft.add({ type: "record_fill", pair, orderId: id, from, fill: part, evidence }, id, fill.fillId);
  }
  for (const order of pending) {
    const known = draft.evidence.orders.get(order.id);
    if (known) planStatus(draft, order, known.value, booked.has(order.id));
  }
}

function feesOfPart({ fee, size: whole }: BookedFill, taken: number): BookedFill["fee"] {
  const part = (amount: number) => share(amount, { taken, left: whole, whole });
  return typeof fee === "number" ? part(fee) : fee.map((each) => ({ ...each, amount: part(each.amount) }));
}

/** The fills of an order, as far as the exchange names it. */
export function fillsOfOrder(
  fills: readonly ExchangeFill[],
  orderId: string,
  known: ExchangeOrder | undefined,
): ExchangeFill[] {
  return fills.filter(
    ({ clientOrderId, orderId: exchangeId }) =>
      clientOrderId === orderId || (clientOrderId === undefined && known !== undefined && exchangeId === known.id),
  );
}

function unbookedOf(draft: Draft, order: PendingOrder, known: ExchangeOrder | undefined): UnbookedFill[] {
  const { evidence, options } = draft;
  const all = fillsOfOrder(draft.fillsOf(order.pair), order.id, known);
  const told = plus(...all.map(({ size }) => size));
  const filled = known ? known.filled : told;
  const agree = same(told, filled, options.tolerance);
  if (told > filled && !agree) {
    const why = `its fills make up ${told}, but it is said to be filled by ${filled}: one of the two is out of date`;
    draft.contradiction(`order ${order.id}`, why);
    return [];
  }
  // A bot may have said itself that it is filled, and how much that was.
  if (order.status === "filled" || filled <= order.filled || same(filled, order.filled, options.tolerance)) return [];

  const fresh = all.filter(({ fillId }) => !evidence.recorded.has(recordedKey(order.id, fillId)));
  const missing = minus(filled, order.filled);
  const makeUp = same(plus(...fresh.map(({ size }) => size)), missing, options.tolerance);
  if (!makeUp && !agree) {
    draft.contradiction(
      `fills of ${order.pair}`,
      `order ${order.id} is filled by ${filled} at the exchange and by ${order.filled} in state, and the fills that are not booked (${fresh.length} of ${all.length}) do not make up the difference`,
    );
    return [];
  }
  // A bot that names fills itself has booked the oldest.
  const pieces = makeUp ? fresh.map(whole) : newestThatMake(fresh.map(whole), missing);
  if (order.intent === "entry" && known === undefined && exceeds(filled, order.size)) {
    const why = `its fills make up ${filled} of ${order.size}, and the exchange does not tell the order: look whether one was told twice, and book what is right with recordFill and overfill: true`;
    draft.contradiction(`order ${order.id}`, why);
    return [];
  }
  const over = known === undefined || known.status !== "open";
  let reached = order.filled;
  return pieces.map((piece, i) => {
    reached = plus(reached, piece.size);
    const overfill = order.intent === "entry" && exceeds(reached, order.size);
    const { fill } = piece;
    const note = feeNote(fill);
    if (note) draft.notes.push(note);
    return {
      order,
      fill: {
        ...bookedPart(piece, piece.size, over && i === pieces.length - 1),
        ...(overfill && { overfill }),
      },
      moves: sizeMoved(fill, piece.size),
      evidence: [`fetchFills: ${fill.size} at ${fill.price}, ${fill.ts.toISOString()}`, stateOf(known)],
    };
  });
}

function stateOf(known: ExchangeOrder | undefined): string {
  return known ? `fetchOrder: ${known.status}, filled ${known.filled} of ${known.size}` : "fetchOrder: not known";
}

/** What becomes of a pending order, beside its fills. `booked`: a fill of the plan says it already. */
function planStatus(draft: Draft, order: PendingOrder, known: ExchangeOrder | undefined, booked: boolean): void {
  const { evidence, options } = draft;
  const { id, pair } = order;
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
  if (booked) return;
  const reads = evidence.orders.get(id)?.reads ?? 0;
  const age = evidence.snapshot.at.getTime() - order.createdAt.getTime();
  const unknown = `fetchOrder: not known, asked ${reads} times`;
  const positionId = order.positionId;
  const toClose = positionId === undefined ? 0 : (draft.expected.get(positionId)?.size ?? 0);
  if (isRecoveryClose(order) && positionId !== undefined && order.filled === 0 && toClose > 0) {
    draft.add({ type: "resubmit_close", pair, orderId: id, positionId, evidence: [unknown] }, id);
    return;
  }
  if (age < options.grace && order.filled === 0) {
    const why = `the exchange does not know it yet, it is ${age} ms old`;
    draft.waiting.push({ pair, subject: id, why, harmless: true });
    return;
  }
  const never = order.filled === 0;
  draft.add(
    {
      type: "end_order",
      pair,
      orderId: id,
      as: "cancelled",
      why: never ? "it never arrived" : "the exchange has forgotten it",
      evidence: [unknown, `${age} ms old`],
    },
    id,
  );
}
