/** What the flow remembers of the orders and fills that the exchange names. */
import { plus } from "../../src/exact/double.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { PendingOrder, Snapshot, Trade } from "../../src/types.js";
import { type Evidence, fillName, recordedKey } from "../plan/evidence.js";
import { externalOrderId } from "../plan/external-order.js";
import type { ExchangeFill } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";

/** Ids, events and trades are asked for in lots of this size. */
const LOT = 1000;

/** The answers of the exchange. */
export type Told = Pick<Evidence, "orders" | "fills" | "openOrders" | "ordersById">;

/** The client order ids that some flow may have given, each once: of open orders, then of fills, newest first. */
export function idsToldBy({ openOrders, fills, ordersById }: Told): string[] {
  const made = [...fills.values()].flatMap(({ value }) => value).sort((a, b) => b.ts.getTime() - a.ts.getTime());
  const looked = [...ordersById.values()].flatMap(({ value }) => (value ? [value] : []));
  const named = [...openOrders.value, ...looked, ...made];
  const ids = new Set(named.flatMap(({ clientOrderId }) => (clientOrderId === undefined ? [] : [clientOrderId])));
  return [...ids].filter((id) => id !== "" && Buffer.byteLength(id) <= 256);
}

/** Orders of the flow that are over, and that the exchange still names or was asked for. */
export async function closedOrdersOf(
  mgr: StateManager,
  snapshot: Snapshot,
  told: Told,
): Promise<ReadonlyMap<string, PendingOrder>> {
  const pending = new Set(snapshot.orders.map(({ id }) => id));
  const asked = [...new Set([...told.orders.keys(), ...idsToldBy(told)])].filter((id) => !pending.has(id));
  const found = new Map<string, PendingOrder>();
  for (const lot of lots(asked)) {
    const orders = await mgr.findOrders(lot);
    for (const order of orders) if (order) found.set(order.id, order);
  }
  return found;
}

/** Which fills are booked: to the order that made them, or to the order that stands for what others did to a position. */
export async function recordedOf(
  mgr: StateManager,
  snapshot: Snapshot,
  closedOrders: Evidence["closedOrders"],
  { orders, fills, ordersById }: Told,
): Promise<ReadonlySet<string>> {
  const asked: { orderId: string; fillId: string }[] = [];
  const byExchangeId = new Map<string, string>();
  for (const { value } of ordersById.values()) {
    if (value?.clientOrderId !== undefined) byExchangeId.set(value.id, value.clientOrderId);
  }
  for (const [id, { value }] of orders) if (value) byExchangeId.set(value.id, id);
  for (const [pair, { value }] of fills) {
    const holders = snapshot.positions.filter((position) => canonicalPair(position.pair) === pair);
    for (const { fillId, clientOrderId, orderId } of value) {
      const own = clientOrderId ?? (orderId === undefined ? undefined : byExchangeId.get(orderId));
      if (own !== undefined && (orders.has(own) || closedOrders.has(own))) asked.push({ orderId: own, fillId });
      else {
        for (const { id } of holders) asked.push({ orderId: externalOrderId(snapshot.flowId, id), fillId });
      }
    }
  }
  const recorded = new Set<string>();
  for (const lot of lots(asked)) {
    const answers = await mgr.getRecordedFills(lot);
    for (const [i, { orderId, fillId }] of lot.entries()) if (answers[i]) recorded.add(recordedKey(orderId, fillId));
  }
  return recorded;
}

/**
 * The booked size of each fill that names no order of the flow. It may be booked to an order, if the exchange does not say whose the fill is, or to
 * positions, some of which may be gone.
 */
export async function bookedOf(
  mgr: StateManager,
  closedOrders: Evidence["closedOrders"],
  { orders, fills }: Told,
): Promise<ReadonlyMap<string, number>> {
  const known = new Set([...orders.values()].flatMap(({ value }) => (value ? [value.id] : [])));
  const isOwn = ({ clientOrderId, orderId }: ExchangeFill) =>
    clientOrderId === undefined
      ? orderId !== undefined && known.has(orderId)
      : orders.has(clientOrderId) || closedOrders.has(clientOrderId);
  const others = new Set<string>();
  for (const { value } of fills.values()) {
    for (const fill of value) if (!isOwn(fill)) others.add(fillName(fill.pair, fill.side, fill.fillId));
  }
  const booked = new Map<string, number>();
  if (others.size === 0) return booked;
  for (let after: string | undefined; ; ) {
    const events = await mgr.getEvents({ ...(after !== undefined && { after }), limit: LOT });
    for (const event of events) {
      if (event.type !== "fill_recorded") continue;
      const name = fillName(event.order.pair, event.order.side, event.fillId);
      if (others.has(name)) booked.set(name, plus(booked.get(name) ?? 0, event.size));
    }
    const last = events.at(-1);
    if (last === undefined || events.length < LOT || last.id === after) return booked;
    after = last.id;
  }
}

/** Trades of these pairs that ended since then, oldest first. */
export async function tradesOf(mgr: StateManager, since: ReadonlyMap<string, Date>): Promise<readonly Trade[]> {
  const from = Math.min(...[...since.values()].map((at) => at.getTime()));
  if (!Number.isFinite(from)) return [];
  const found: Trade[] = [];
  for (let after: string | undefined; ; ) {
    const page = await mgr.getTrades({ from: new Date(from), ...(after !== undefined && { after }), limit: LOT });
    found.push(...page.filter(({ pair }) => since.has(canonicalPair(pair))));
    const last = page.at(-1);
    if (last === undefined || page.length < LOT || last.key === after) return found;
    after = last.key;
  }
}

function lots<T>(all: readonly T[]): T[][] {
  const found: T[][] = [];
  for (let i = 0; i < all.length; i += LOT) found.push(all.slice(i, i + LOT));
  return found;
}
