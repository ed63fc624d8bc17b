/** Whose orders and fills are, told by client order ids and the exchange's own ids, and whether that can be told at all. */

import type { PendingOrder } from "../../src/types.js";
import { digestOf, flowDigest } from "../../src/words/client-order-id.js";
import type { ExchangeFill, ExchangeOrder } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { isCloseOrderId } from "./client-order-id.js";
import type { Draft } from "./draft.js";
import { type Evidence, orderName } from "./evidence.js";
import { isOrphanTry } from "./orphan-tries.js";

/** Metadata key: the exchange's own id of the order. */
export const EXCHANGE_ID = "exchange_id";

/** Metadata key: the exchange refused the order's id because it had already taken it. */
export const ARRIVED = "arrived";

/** Journal key: the exchange took an order under another client order id than the one sent. */
export const OTHER_ID = "other_id";

/** The exchange's own id of the order, as far as the state knows it. */
export function exchangeIdOf(order: PendingOrder): string | undefined {
  const id = order.metadata?.[EXCHANGE_ID];
  return typeof id === "string" ? id : undefined;
}

/** The exchange's answer about an order, found by the flow's id or by the exchange's own. */
export function knownOrder(evidence: Evidence, order: PendingOrder): ExchangeOrder | undefined {
  const known = evidence.orders.get(order.id)?.value;
  const id = exchangeIdOf(order);
  if (known || id === undefined) return known;
  const listed = evidence.openOrders.value.find((open) => open.id === id && open.side === order.side);
  return listed ?? evidence.ordersById.get(orderName(order.pair, id))?.value;
}

/** The same order, found by its client order id or by the exchange's id that a fill told. */
export function lookedUp({ orders, ordersById }: Evidence, { id, pair }: PendingOrder): ExchangeOrder | undefined {
  const asked = orders.get(id)?.value;
  if (asked) return asked;
  const found = [...ordersById.values()].flatMap(({ value }) => (value ? [value] : []));
  return found.find((order) => order.clientOrderId === id && canonicalPair(order.pair) === canonicalPair(pair));
}

/** The fills of an order, found by its client order id or by the exchange's id of it. */
export function fillsOfOrder(
  fills: readonly ExchangeFill[],
  order: PendingOrder,
  known: ExchangeOrder | undefined,
): ExchangeFill[] {
  const noted = exchangeIdOf(order);
  return fills.filter(({ clientOrderId, orderId }) => {
    if (clientOrderId === order.id) return true;
    if (orderId === undefined) return false;
    // A fill with another client order id is the order's only by the exchange's id that the state has noted.
    return orderId === noted || (clientOrderId === undefined && orderId === known?.id);
  });
}

/** The client order id of the order that made the fill: from the fill, or from the order that was looked up by the exchange's id. */
export function orderIdOf({ snapshot, orders, ordersById }: Evidence, fill: ExchangeFill): string | undefined {
  const { clientOrderId, orderId, pair } = fill;
  if (clientOrderId !== undefined || orderId === undefined) return clientOrderId;
  const found = ordersById.get(orderName(pair, orderId))?.value?.clientOrderId;
  const told = [...orders].find(([, { value }]) => value?.id === orderId)?.[0];
  return found ?? told ?? snapshot.orders.find((order) => exchangeIdOf(order) === orderId)?.id;
}

/** Who made a fill, as far as it can be told. `nobody`: the order is proven to have had no client order id. */
export type FillOwner = "own" | "flow" | "exchange" | "stranger" | "nobody" | "unknown";

export function ownerOf({ evidence, whole, options }: Draft, fill: ExchangeFill): FillOwner {
  const { proof, orders, ordersById, snapshot } = evidence;
  const { clientOrderId, orderId, pair } = fill;
  if (clientOrderId === undefined) {
    if (orderId !== undefined) {
      if (snapshot.orders.some((order) => exchangeIdOf(order) === orderId)) return "own";
      if ([...orders.values()].some(({ value }) => value?.id === orderId)) return "own";
      const found = ordersById.get(orderName(pair, orderId))?.value;
      if (found?.clientOrderId !== undefined)
        return ownerOfId(whole, options.ours.clientOrderIdPrefix, found.clientOrderId);
      if (found) return "nobody";
    }
    return proof.inFills === true ? "nobody" : "unknown";
  }
  return ownerOfId(whole, options.ours.clientOrderIdPrefix, clientOrderId);
}

/** Whose an order is, by its client order id. An order without one is nobody's. */
export function ownerOfOrder({ whole, options }: Draft, { clientOrderId }: ExchangeOrder): FillOwner {
  return clientOrderId === undefined ? "nobody" : ownerOfId(whole, options.ours.clientOrderIdPrefix, clientOrderId);
}

function ownerOfId(evidence: Evidence, prefix: string | undefined, id: string): FillOwner {
  if (isGivenByFlow(evidence, id)) return "own";
  const { accountFlows, proof } = evidence;
  const isOther = accountFlows.some(
    (flow) => flow.readable && [...flow.orders, ...(flow.ended ?? [])].some((order) => order.id === id),
  );
  // The prefix is for ids that do not name their flow. If the id names another flow, that decides.
  if (isOther || digestOf(id) !== undefined) return "flow";
  if (prefix !== undefined && id.startsWith(prefix)) return "own";
  return proof.madeByExchange?.(id) === true ? "exchange" : "stranger";
}

/** Whether the flow gave this id: its state or its recovery knows it, or the id names the flow. */
export function isGivenByFlow(evidence: Evidence, id: string): boolean {
  return isRemembered(evidence, id) || digestOf(id) === flowDigest(evidence.snapshot.flowId);
}

/** Whether state or recovery know an order of this id: its fills are booked as its own. */
function isRemembered({ snapshot, closedOrders, orders, recovery }: Evidence, id: string): boolean {
  return (
    orders.has(id) ||
    closedOrders.has(id) ||
    snapshot.orders.some((order) => order.id === id) ||
    // A position has the id of the order that opened it.
    snapshot.positions.some((position) => position.id === id) ||
    isOrphanTry(recovery?.journal, id)
  );
}

/**
 * Whether an order of the flow made this fill that the state does not know: the order was lost, or never stored. Closing orders of an earlier recovery do
 * not count.
 */
export function isForgotten(draft: Draft, fill: ExchangeFill): boolean {
  const id = clientOrderIdOf(draft.evidence, fill);
  if (id === undefined || ownerOf(draft, fill) !== "own") return false;
  return !isRemembered(draft.evidence, id) && !isCloseOrderId(id);
}

/** Whether a closing order of some recovery, of any flow, made the fill. */
export function isOfClose({ evidence }: Draft, fill: ExchangeFill): boolean {
  const id = clientOrderIdOf(evidence, fill);
  return id !== undefined && isCloseOrderId(id);
}

/** Whether an order in state made the fill. */
export function isOfState({ evidence: { snapshot, closedOrders, ordersById } }: Draft, fill: ExchangeFill): boolean {
  const id = clientOrderIdOf({ ordersById }, fill);
  return id !== undefined && (closedOrders.has(id) || snapshot.orders.some((order) => order.id === id));
}

/** The client order id of the order that made the fill, from the fill or from the order that was looked up. */
function clientOrderIdOf(
  { ordersById }: Pick<Evidence, "ordersById">,
  { clientOrderId, orderId, pair }: ExchangeFill,
): string | undefined {
  if (clientOrderId !== undefined || orderId === undefined) return clientOrderId;
  return ordersById.get(orderName(pair, orderId))?.value?.clientOrderId;
}

/** Whether the exchange finds orders by the ids that the flow gives: it is proven, or it has just done so. */
export function tellsOurIds(evidence: Evidence): boolean {
  const { proof, orders, openOrders, fills } = evidence;
  if (proof.foundFor !== undefined) return true;
  if ([...orders.values()].some(({ value }) => value !== undefined)) return true;
  const named = [...openOrders.value, ...[...fills.values()].flatMap(({ value }) => value)];
  return named.some(({ clientOrderId }) => clientOrderId !== undefined && isGivenByFlow(evidence, clientOrderId));
}

/** Words about an order that the exchange took under another id than ours; undefined if there was none. */
export function takenUnderOtherId({ recovery }: Evidence): string | undefined {
  return recovery?.journal.get(OTHER_ID);
}
