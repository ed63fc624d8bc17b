import { orderJson } from "../layout/order-json.js";
import { orderNotional } from "../state/exposure.js";
import { findOrder, writeOrder } from "../state/order-life.js";
import { checkTransition } from "../state/order-status.js";
import type { OrderRow } from "../state/rows.js";
import type { OrderIntent, OrderSide, OrderStatus, PendingOrder } from "../types.js";
import type { Operation } from "./operation.js";
import { orderFromReply, orderFromRow } from "./view-order.js";

interface Args {
  readonly id: string;
  readonly pair: string;
  readonly side: OrderSide;
  readonly orderType: string;
  readonly price: number | null;
  readonly size: number;
  readonly status: OrderStatus;
  readonly createdAt: number | undefined;
  readonly filled: number;
  readonly intent: OrderIntent;
  readonly positionId: string | undefined;
  readonly signalId: string | undefined;
  readonly tp: number | null;
  readonly sl: number | null;
  /** ms */
  readonly cooldown: number | null;
  readonly metadata: string | null;
}

export const saveOrder: Operation<Args, PendingOrder> = {
  name: "save_order",
  kind: "change",
  keys: ["orders:pending", "orders:closed", "orders:closed_at", "risk:exposure"],
  argv: [
    "id",
    "pair",
    "side",
    "order_type",
    "price",
    "size",
    "status",
    "created_at",
    "filled",
    "intent",
    "position_id",
    "signal_id",
    "tp",
    "sl",
    "cooldown",
    "metadata",
  ],
  encode: (a) => [
    a.id,
    a.pair,
    a.side,
    a.orderType,
    String(a.price ?? ""),
    String(a.size),
    a.status,
    String(a.createdAt ?? ""),
    String(a.filled),
    a.intent,
    a.positionId ?? "",
    a.signalId ?? "",
    String(a.tp ?? ""),
    String(a.sl ?? ""),
    String(a.cooldown ?? ""),
    a.metadata ?? "",
  ],
  decode: (reply) => orderFromReply(reply, 1),
  apply(state, a, call) {
    const replaced = findOrder(state, a.id);
    if (replaced) checkTransition(a.id, replaced.status, a.status);

    const order: OrderRow = {
      id: a.id,
      pair: a.pair,
      side: a.side,
      order_type: a.orderType,
      price: a.price,
      size: a.size,
      status: a.status,
      created_at: a.createdAt ?? call.now,
      filled: a.filled,
      intent: a.intent,
      position_id: a.positionId ?? null,
      signal_id: a.signalId ?? null,
      tp: a.tp,
      sl: a.sl,
      cooldown: a.cooldown,
      metadata: a.metadata,
      notional: orderNotional(a),
    };

    writeOrder(state, order, call.now);
    state.emit(call, "order_saved", () => ({ order: orderJson(order) }));

    return orderFromRow(order);
  },
};
