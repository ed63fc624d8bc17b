/** An order as callers see it, from its row and from its JSON in Redis. */
import type { Seeable } from "../records/field.js";
import { orderView } from "../records/generated/order.js";
import type { OrderRow, order } from "../records/order.js";
import { compareBytes, inOrder } from "../state/ranking.js";
import type { Metadata, PendingOrder } from "../types.js";
import { list, type Reply, text } from "./operation.js";
import { metadataView } from "./view-metadata.js";

export function orderFromRow(row: OrderRow): PendingOrder {
  return orderView(row, row.metadata === null ? null : metadataView(row.metadata));
}

type StoredOrder = Seeable<typeof order> & { readonly metadata?: Metadata | null };

function orderFromJson(json: string): PendingOrder {
  const stored: StoredOrder = JSON.parse(json);
  return orderView(stored, stored.metadata);
}

/** Orders from a JSON list, in the list's order. */
export function ordersFromJson(json: string): PendingOrder[] {
  const all: StoredOrder[] = JSON.parse(json);
  return all.map((stored) => orderView(stored, stored.metadata));
}

export function orderFromReply(reply: Reply, at: number): PendingOrder {
  return orderFromJson(text(reply, at));
}

/** Sorted by creation time, then by id. */
export function sortedOrders(orders: PendingOrder[]): PendingOrder[] {
  return inOrder(orders, (a, b) => a.createdAt.getTime() - b.createdAt.getTime() || compareBytes(a.id, b.id));
}

export function ordersFromReply(reply: Reply, at: number): PendingOrder[] {
  return sortedOrders(list(reply, at).map(orderFromJson));
}
