/**
 * Orders that the state gave up and the exchange does not know. Fills that may be theirs count as nobody's or others' only after a person said so. This
 * does not hold for orders of which a recovery itself has said that they never arrived.
 */
import type { PendingOrder } from "../../src/types.js";
import { canonicalPair } from "../port/pairs.js";
import type { Action } from "./action.js";
import type { Draft } from "./draft.js";
import { closingSide, openingSide } from "./sides.js";
import { isProvenUnknown, searchOf } from "./unknown-orders.js";
import { groupWords, unmarkedFills } from "./unmarked-fills.js";

/** Metadata key: the recovery that ended the order because the exchange does not know it, or had nothing to reduce by it. */
export const ENDED_BY = "ended_by_recovery";

export function askWhereGivenUp(draft: Draft): void {
  const { evidence, actions } = draft;
  for (const order of evidence.closedOrders.values()) {
    const answer = evidence.orders.get(order.id);
    if (!answer || answer.value || order.metadata?.[ENDED_BY] !== undefined || isProvenUnknown(draft, order)) continue;
    const fills = unmarkedFills(draft, searchOf(order));
    if (fills.length === 0) continue;
    for (const [i, action] of actions.entries()) {
      if (!isOf(draft, order, action)) continue;
      const needsPerson = words(order, evidence.exchange, groupWords(fills));
      actions[i] = { needsPerson, ...action };
    }
  }
}

/** Whether the action uses something that the order may have made. */
function isOf({ expected }: Draft, order: PendingOrder, action: Action): boolean {
  if (canonicalPair(order.pair) !== canonicalPair(action.pair)) return false;
  switch (action.type) {
    case "close_orphan":
    case "adopt_orphan":
      return openingSide(action.side) === order.side;
    case "book_external_fill":
      return closingSide(action.side) === order.side;
    case "close_external":
    case "reduce_external": {
      const side = expected.get(action.positionId)?.side;
      return side !== undefined && closingSide(side) === order.side;
    }
    default:
      return false;
  }
}

function words({ id, side, size, pair, createdAt }: PendingOrder, exchange: string, found: string): string {
  return [
    `${exchange} does not know order ${id} (${side} ${size} ${pair} of ${createdAt.toISOString()}), which was cancelled in state, and fills that may be its are not booked: ${found}.`,
    `Look for it in the order history of ${exchange}.`,
    `If they are its, book them with mgr.recordFill(${JSON.stringify(id)}, ...), and recover again.`,
    "If they are not, approve this plan",
  ].join(" ");
}
