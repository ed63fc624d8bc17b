/** Whether a recovery may send a closing order again, or another one in its place. Never on a guess. */
import { minus, plus } from "../../src/exact/double.js";
import { roughSpan } from "../../src/words/in-words.js";
import { canonicalPair } from "../port/pairs.js";
import type { Action } from "./action.js";
import type { Draft } from "./draft.js";
import type { Evidence } from "./evidence.js";
import { orderIdOf, takenUnderOtherId, tellsOurIds } from "./order-ids.js";
import { type OrphanTry, triesToClose } from "./orphan-tries.js";
import { shifted } from "./shifted.js";
import { closingSide } from "./sides.js";
import { groupWords, type Search, unmarkedFills } from "./unmarked-fills.js";

/** An order that was sent, or may have been. */
export interface SentClose extends Search {
  readonly id: string;
  /** The size to close, as far as the flow knows. */
  readonly size: number;
  /** How often the exchange was asked for the order. */
  readonly reads: number;
}

/** `wait`: the answer comes with time; `ask`: a person has to look. Both in words. */
export type Doubt = { readonly wait: string } | { readonly ask: string };

/** Why an order that the exchange does not know may have arrived all the same; undefined if it is proven that it has not. */
export function doubtOfRepeat(draft: Draft, sent: SentClose): Doubt | undefined {
  const { evidence, options } = draft;
  const { exchange, openOrders, snapshot } = evidence;
  const { id, pair, side, size, since, reads } = sent;
  if (openOrders.value.some((open) => open.clientOrderId === id)) return { wait: "it is among the open orders" };
  const age = snapshot.at.getTime() - since.getTime();
  if (age < options.settle) return { wait: `it was made ${roughSpan(age)} ago, and may still turn up` };
  const look = `Look for ${side} ${size} ${pair}, made after ${since.toISOString()}, in the order history of ${exchange}. If it is there, book its fills with mgr.recordFill(${JSON.stringify(id)}, ...), or close what is left by hand, and recover again. If it is not, approve this plan: it is sent again`;
  if (!tellsOurIds(evidence)) {
    return {
      ask: `${exchange} does not find orders by the flow's ids: it is not known whether order ${id} has arrived. ${look}`,
    };
  }
  if (reads < options.confirmations) return { wait: `it was asked for ${reads} times` };
  const fills = unmarkedFills(draft, sent);
  if (fills.length > 0) {
    // Fills that explain a difference are booked first. At the next look there is no difference any more.
    if (shifted(draft, sent) > 0 && draft.claimOn(pair, side, sent.positionSide) === undefined)
      return { wait: "fills of others are booked first" };
    return {
      ask: `${exchange} does not know order ${id}, and fills that may be its are not booked: ${groupWords(fills)}. ${look}`,
    };
  }
  if (shifted(draft, sent) > 0) {
    return {
      ask: `${exchange} does not know order ${id}, but has less to close than the flow, and no fill says why. ${look}`,
    };
  }
  return undefined;
}

/** Whether the exchange has taken an order that closes an orphan: it knows the order, tells a fill of it, or refused its id as already taken. */
export function hasArrived(evidence: Evidence, { id, pair, arrived }: OrphanTry): boolean {
  if (arrived || evidence.orders.get(id)?.value !== undefined) return true;
  const fills = evidence.fills.get(canonicalPair(pair))?.value ?? [];
  return fills.some((fill) => orderIdOf(evidence, fill) === id);
}

/** The same for orders that closed an orphan of a pair and side: the first try of which it is not known whether it arrived. */
export function doubtOfOrphanClose(draft: Draft, pair: string, positionSide: "long" | "short"): Doubt | undefined {
  const { recovery, orders, snapshot } = draft.evidence;
  for (const tried of triesToClose(recovery?.journal, pair, positionSide)) {
    const known = orders.get(tried.id);
    const since = tried.at === undefined ? (recovery?.begunAt ?? snapshot.at) : new Date(tried.at);
    if (hasArrived(draft.evidence, tried)) {
      // An order that is neither open nor known any more is over, unless it is too young for that.
      const age = snapshot.at.getTime() - since.getTime();
      if (tried.arrived && !known?.value && age < draft.options.settle)
        return { wait: `it was made ${roughSpan(age)} ago` };
      continue;
    }
    const search = { pair, side: closingSide(positionSide), positionSide, since };
    const doubt = doubtOfRepeat(draft, { ...search, id: tried.id, size: tried.size ?? 0, reads: known?.reads ?? 0 });
    if (doubt) return doubt;
  }
  return undefined;
}

/**
 * Makes a closing order wait for a person in two cases: the exchange has put an id of its own in place of ours, or an order that it does not tell may
 * already have closed a part of the position.
 */
export function askBeforeSending(draft: Draft): void {
  const other = takenUnderOtherId(draft.evidence);
  for (const [i, action] of draft.actions.entries()) {
    const needsPerson = whyNotSent(draft, action, other);
    if (needsPerson !== undefined) draft.actions[i] = { needsPerson, ...action };
  }
}

function whyNotSent(draft: Draft, action: Action, other: string | undefined): string | undefined {
  const { exchange } = draft.evidence;
  if (action.type !== "close_position" && action.type !== "resubmit_close" && action.type !== "close_orphan")
    return undefined;
  if (other !== undefined) {
    return `${other} What is sent to ${exchange} cannot be found again by its id. Close ${canonicalPair(action.pair)} by hand and recover again, or approve this plan: the order is sent`;
  }
  if (action.type !== "close_position") return undefined;
  const claim = draft.claimOn(action.pair, closingSide(action.side), action.side);
  // An order that may still turn up blocks a sale that could take what is not the flow's. In netting and hedge mode a close only reduces.
  const { positionMode } = draft.evidence;
  const onlyReduces = positionMode === "netting" || positionMode === "hedge";
  if (!claim || (claim.state === "young" && onlyReduces)) return soldAlready(draft, action);
  return `order ${claim.orderId}, which ${exchange} does not tell, may have closed a part of it. Settle that one first, or approve this plan: ${action.size} ${action.pair} is closed`;
}

/** A spot sale can take coins that are not the flow's. Coins that were sold and are not booked may have been the position. */
function soldAlready(draft: Draft, action: Extract<Action, { type: "close_position" }>): string | undefined {
  const { positionId, pair, side: positionSide, size } = action;
  const since = draft.expected.get(positionId)?.entryTs;
  if (draft.evidence.positionMode !== "spot" || !since) return undefined;
  const groups = unmarkedFills(draft, { pair, side: closingSide(positionSide), positionSide, since });
  const booked = draft.actions.flatMap((each) =>
    each.type === "book_external_fill" && canonicalPair(each.pair) === canonicalPair(pair) ? [each.fill.size] : [],
  );
  const sold = minus(plus(...groups.map(({ moves }) => moves)), plus(...booked));
  if (sold <= 0) return undefined;
  return `${sold} ${pair} were sold since position ${positionId} was opened, by no order that says whose it is, and are not booked: ${groupWords(groups)}. If they were the position, book them with mgr.recordFill, or close it with mgr.closePosition, and recover again. If they were not, approve this plan: ${size} ${pair} is sold`;
}
