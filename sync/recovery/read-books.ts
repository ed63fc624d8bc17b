/** What the flow has booked of what the exchange tells. Reads only. */
import { plus } from "../../src/exact/double.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { PendingOrder, Trade } from "../../src/types.js";
import { type Evidence, fillName, recordedKey } from "../plan/evidence.js";
import { externalOrderId } from "../plan/external-order.js";
import { canonicalPair } from "../port/pairs.js";

/** Ids are asked for in lots of this size. */
const LOT = 1000;

/** Trades are looked through in so many pages at most: what is older is not asked for. */
const TRADE_PAGES = 20;

type Told = Pick<Evidence, "snapshot" | "openOrders" | "orders" | "fills">;
type Books = Pick<Evidence, "closedOrders" | "recorded" | "booked" | "trades">;

export async function readBooks(mgr: StateManager, told: Told): Promise<Books> {
  const closedOrders = await readClosedOrders(mgr, told);
  const [recorded, booked, trades] = [
    await readRecorded(mgr, told, closedOrders),
    await readBooked(mgr, told, closedOrders),
    await readTrades(mgr, told),
  ];
  return { closedOrders, recorded, booked, trades };
}

/** Orders of the flow that are over, and that the exchange names still. */
async function readClosedOrders(
  mgr: StateManager,
  { snapshot, openOrders, fills }: Told,
): Promise<ReadonlyMap<string, PendingOrder>> {
  const pending = new Set(snapshot.orders.map(({ id }) => id));
  const named = [...openOrders.value, ...[...fills.values()].flatMap(({ value }) => value)];
  const ids = new Set(named.flatMap(({ clientOrderId }) => (clientOrderId === undefined ? [] : [clientOrderId])));
  const asked = [...ids].filter((id) => !pending.has(id) && Buffer.byteLength(id) <= 256 && id !== "");
  const found = new Map<string, PendingOrder>();
  for (const lot of lots(asked)) {
    for (const order of await mgr.findOrders(lot)) if (order) found.set(order.id, order);
  }
  return found;
}

/** Which fills are booked, under the order that made them or under the one that stands for what others did to a position. */
async function readRecorded(
  mgr: StateManager,
  { snapshot, orders, fills }: Told,
  closedOrders: ReadonlyMap<string, PendingOrder>,
): Promise<ReadonlySet<string>> {
  const asked: { orderId: string; fillId: string }[] = [];
  const byExchangeId = new Map<string, string>();
  for (const [id, { value }] of orders) if (value) byExchangeId.set(value.id, id);
  for (const [pair, { value }] of fills) {
    const holders = snapshot.positions.filter((position) => canonicalPair(position.pair) === pair);
    for (const { fillId, clientOrderId, orderId } of value) {
      const own = clientOrderId ?? (orderId === undefined ? undefined : byExchangeId.get(orderId));
      if (own !== undefined && (orders.has(own) || closedOrders.has(own))) asked.push({ orderId: own, fillId });
      else for (const { id } of holders) asked.push({ orderId: externalOrderId(snapshot.flowId, id), fillId });
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
 * What is booked of each fill that names no order of the flow: to an order all the same, where the exchange does not say whose
 * it is, or to positions, of which some are gone.
 */
async function readBooked(
  mgr: StateManager,
  { orders, fills }: Told,
  closedOrders: ReadonlyMap<string, PendingOrder>,
): Promise<ReadonlyMap<string, number>> {
  const known = new Set([...orders.values()].flatMap(({ value }) => (value ? [value.id] : [])));
  const others = new Set<string>();
  for (const { value } of fills.values()) {
    for (const { clientOrderId, orderId, pair, side, fillId } of value) {
      const isOwn =
        clientOrderId === undefined
          ? orderId !== undefined && known.has(orderId)
          : orders.has(clientOrderId) || closedOrders.has(clientOrderId);
      if (!isOwn) others.add(fillName(pair, side, fillId));
    }
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

/** Trades of the pairs that are looked at, as far back as fills are. */
async function readTrades(mgr: StateManager, { fills }: Told): Promise<Trade[]> {
  const oldest = [...fills.values()].flatMap(({ value }) => (value[0] ? [value[0].ts.getTime()] : []));
  if (oldest.length === 0) return [];
  const from = new Date(Math.min(...oldest));
  const found: Trade[] = [];
  for (let page = 0, after: string | undefined; page < TRADE_PAGES; page++) {
    const trades = await mgr.getTrades({ from, limit: LOT, ...(after !== undefined && { after }) });
    found.push(...trades.filter(({ pair }) => fills.has(canonicalPair(pair))));
    after = trades.at(-1)?.key;
    if (trades.length < LOT) break;
  }
  return found;
}

function lots<T>(all: readonly T[]): T[][] {
  const found: T[][] = [];
  for (let i = 0; i < all.length; i += LOT) found.push(all.slice(i, i + LOT));
  return found;
}
