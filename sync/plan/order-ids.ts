/** What client order ids, and the exchange's own, tell of orders and fills: whose they are, and whether that can be told at all. */

import type { PendingOrder } from "../../src/types.js";
import { digestOf, flowDigest } from "../../src/words/client-order-id.js";
import type { ExchangeFill, ExchangeOrder } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { isCloseOrderId } from "./client-order-id.js";
import type { Draft } from "./draft.js";
import { type Evidence, orderName } from "./evidence.js";
import { isOrphanTry } from "./orphan-tries.js";

/** Metadata of an order: the id that the exchange gave it. */
export const EXCHANGE_ID = "exchange_id";

/** Metadata of an order: the exchange has refused its id as one that it had taken before. */
export const ARRIVED = "arrived";

/** Key of the journal under which a recovery notes that the exchange took an order under another client order id. */
export const OTHER_ID = "other_id";

/** The id that the exchange gave an order, as far as state knows it. */
export function exchangeIdOf(order: PendingOrder): string | undefined {
  const id = order.metadata?.[EXCHANGE_ID];
  return typeof id === "string" ? id : undefined;
}

/** What the exchange says of an order of the flow, by the id that the flow gave, or by the exchange's own. */
export function knownOrder(evidence: Evidence, order: PendingOrder): ExchangeOrder | undefined {
  const known = evidence.orders.get(order.id)?.value;
  const id = exchangeIdOf(order);
  if (known || id === undefined) return known;
  const listed = evidence.openOrders.value.find((open) => open.id === id && open.side === order.side);
  return listed ?? evidence.ordersById.get(orderName(order.pair, id))?.value;
}

/** An order that was found by its id, or by the exchange's id of it, which a fill told. */
export function lookedUp({ orders, ordersById }: Evidence, { id, pair }: PendingOrder): ExchangeOrder | undefined {
  const asked = orders.get(id)?.value;
  if (asked) return asked;
  const found = [...ordersById.values()].flatMap(({ value }) => (value ? [value] : []));
  return found.find((order) => order.clientOrderId === id && canonicalPair(order.pair) === canonicalPair(pair));
}

/** The fills that belong to an order: by the client order id, or by the exchange's id of it. */
export function fillsOfOrder(
  fills: readonly ExchangeFill[],
  order: PendingOrder,
  known: ExchangeOrder | undefined,
): ExchangeFill[] {
  const noted = exchangeIdOf(order);
  return fills.filter(({ clientOrderId, orderId }) => {
    if (clientOrderId === order.id) return true;
    if (orderId === undefined) return false;
    // Where the exchange took it under an id of its own, that one is another's to look at.
    return orderId === noted || (clientOrderId === undefined && orderId === known?.id);
  });
}

/** The client order id of the order that made a fill: as the fill says it, or as the order does that was looked up by the exchange's id. */
export function orderIdOf({ snapshot, orders, ordersById }: Evidence, fill: ExchangeFill): string | undefined {
  const { clientOrderId, orderId, pair } = fill;
  if (clientOrderId !== undefined || orderId === undefined) return clientOrderId;
  const found = ordersById.get(orderName(pair, orderId))?.value?.clientOrderId;
  const told = [...orders].find(([, { value }]) => value?.id === orderId)?.[0];
  return found ?? told ?? snapshot.orders.find((order) => exchangeIdOf(order) === orderId)?.id;
}

/** Who made a fill, as far as it can be told. `nobody`: it is proven that its order had no client order id. */
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

/** Whose an order is by its client order id; one without is nobody's. */
export function ownerOfOrder({ whole, options }: Draft, { clientOrderId }: ExchangeOrder): FillOwner {
  return clientOrderId === undefined ? "nobody" : ownerOfId(whole, options.ours.clientOrderIdPrefix, clientOrderId);
}

function ownerOfId(evidence: Evidence, prefix: string | undefined, id: string): FillOwner {
  if (isGivenByFlow(evidence, id)) return "own";
  const { accountFlows, proof } = evidence;
  const isOther = accountFlows.some(
    (flow) => flow.readable && [...flow.orders, ...(flow.ended ?? [])].some((order) => order.id === id),
  );
  // The prefix is for ids that do not tell their flow: what another flow's id says stands above it.
  if (isOther || digestOf(id) !== undefined) return "flow";
  if (prefix !== undefined && id.startsWith(prefix)) return "own";
  return proof.madeByExchange?.(id) === true ? "exchange" : "stranger";
}

/** Whether the flow gave this id: its state or its recovery knows it, or the id tells. */
export function isGivenByFlow(evidence: Evidence, id: string): boolean {
  return isRemembered(evidence, id) || digestOf(id) === flowDigest(evidence.snapshot.flowId);
}

/** Whether state or recovery know an order of this id: what it did is booked as its own. */
function isRemembered({ snapshot, closedOrders, orders, recovery }: Evidence, id: string): boolean {
  return (
    orders.has(id) ||
    closedOrders.has(id) ||
    snapshot.orders.some((order) => order.id === id) ||
    // A position is called as the order that opened it.
    snapshot.positions.some((position) => position.id === id) ||
    isOrphanTry(recovery?.journal, id)
  );
}

/**
 * Whether an order of the flow made this fill of which the state knows nothing: it was lost, or never stored. One by which an earlier recovery
 * closed something is none.
 */
export function isForgotten(draft: Draft, fill: ExchangeFill): boolean {
  const id = clientOrderIdOf(draft.evidence, fill);
  if (id === undefined || ownerOf(draft, fill) !== "own") return false;
  return !isRemembered(draft.evidence, id) && !isCloseOrderId(id);
}

/** Whether some recovery, of whichever flow, has closed something by it. */
export function isOfClose({ evidence }: Draft, fill: ExchangeFill): boolean {
  const id = clientOrderIdOf(evidence, fill);
  return id !== undefined && isCloseOrderId(id);
}

/** Whether an order that the state knows made a fill. */
export function isOfState({ evidence: { snapshot, closedOrders, ordersById } }: Draft, fill: ExchangeFill): boolean {
  const id = clientOrderIdOf({ ordersById }, fill);
  return id !== undefined && (closedOrders.has(id) || snapshot.orders.some((order) => order.id === id));
}

/** The client order id of the order that made a fill: as the fill says, or its order that was looked up. */
function clientOrderIdOf(
  { ordersById }: Pick<Evidence, "ordersById">,
  { clientOrderId, orderId, pair }: ExchangeFill,
): string | undefined {
  if (clientOrderId !== undefined || orderId === undefined) return clientOrderId;
  return ordersById.get(orderName(pair, orderId))?.value?.clientOrderId;
}

/** Whether the exchange tells orders by the ids that the flow gives: it proves it, or has just done so. */
export function tellsOurIds(evidence: Evidence): boolean {
  const { proof, orders, openOrders, fills } = evidence;
  if (proof.foundFor !== undefined) return true;
  if ([...orders.values()].some(({ value }) => value !== undefined)) return true;
  const named = [...openOrders.value, ...[...fills.values()].flatMap(({ value }) => value)];
  return named.some(({ clientOrderId }) => clientOrderId !== undefined && isGivenByFlow(evidence, clientOrderId));
}

/** An order that the exchange took under another id than ours, in words; undefined where there was none. */
export function takenUnderOtherId({ recovery }: Evidence): string | undefined {
  return recovery?.journal.get(OTHER_ID);
}
