/** An order as callers see it, from its row and from its JSON in Redis. */
import { compareBytes, inOrder } from "../state/ranking.js";
import type { OrderRow } from "../state/rows.js";
import type { Metadata, OrderIntent, OrderSide, OrderStatus, PendingOrder } from "../types.js";
import { list, type Reply, text } from "./operation.js";
import { metadataView } from "./view-metadata.js";

interface StoredOrder {
  id: string;
  pair: string;
  side: OrderSide;
  order_type: string;
  price?: number | null;
  size: number;
  status: OrderStatus;
  created_at: number;
  filled: number;
  intent: OrderIntent;
  position_id?: string | null;
  signal_id?: string | null;
  tp?: number | null;
  sl?: number | null;
  cooldown?: number | null;
}

function view(stored: StoredOrder, metadata: Metadata | null | undefined): PendingOrder {
  const order: PendingOrder = {
    id: stored.id,
    pair: stored.pair,
    side: stored.side,
    orderType: stored.order_type,
    price: stored.price ?? null,
    size: stored.size,
    status: stored.status,
    createdAt: new Date(stored.created_at),
    filled: stored.filled,
    intent: stored.intent,
  };
  if (typeof stored.position_id === "string") order.positionId = stored.position_id;
  if (typeof stored.signal_id === "string") order.signalId = stored.signal_id;
  if (typeof stored.tp === "number") order.tp = stored.tp;
  if (typeof stored.sl === "number") order.sl = stored.sl;
  if (typeof stored.cooldown === "number") order.cooldown = stored.cooldown;
  if (metadata) order.metadata = metadata;
  return order;
}

export function orderFromRow(row: OrderRow): PendingOrder {
  return view(row, row.metadata === null ? null : metadataView(row.metadata));
}

function orderFromJson(json: string): PendingOrder {
  const stored: StoredOrder & { metadata?: Metadata | null } = JSON.parse(json);
  return view(stored, stored.metadata);
}

export function orderFromReply(reply: Reply, at: number): PendingOrder {
  return orderFromJson(text(reply, at));
}

/** By creation time, then by id. */
export function sortedOrders(orders: PendingOrder[]): PendingOrder[] {
  return inOrder(orders, (a, b) => a.createdAt.getTime() - b.createdAt.getTime() || compareBytes(a.id, b.id));
}

export function ordersFromReply(reply: Reply, at: number): PendingOrder[] {
  return sortedOrders(list(reply, at).map(orderFromJson));
}
