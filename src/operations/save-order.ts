import { orderJson, orderRow } from "../records/generated/order.js";
import { orderNotional } from "../state/exposure.js";
import { findOrder, writeOrder } from "../state/order-life.js";
import { checkTransition } from "../state/order-status.js";
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
  args: {
    id: (a) => a.id,
    pair: (a) => a.pair,
    side: (a) => a.side,
    order_type: (a) => a.orderType,
    price: (a) => a.price,
    size: (a) => a.size,
    status: (a) => a.status,
    created_at: (a) => a.createdAt,
    filled: (a) => a.filled,
    intent: (a) => a.intent,
    position_id: (a) => a.positionId,
    signal_id: (a) => a.signalId,
    tp: (a) => a.tp,
    sl: (a) => a.sl,
    cooldown: (a) => a.cooldown,
    metadata: (a) => a.metadata,
  },
  words: {
    id: "client order id",
    side: "buy or sell",
    price: 'quote currency; "" = none',
    signal_id: '"" = none',
    tp: 'of the position it opens; "" = none',
    sl: 'of the position it opens; "" = none',
    cooldown: 'ms, of the position it opens; "" = none',
    metadata: 'JSON object, of the position it opens; "" = none',
  },
  decode: (reply) => orderFromReply(reply, 1),
  apply(state, a, call) {
    const replaced = findOrder(state, a.id);
    if (replaced) checkTransition(a.id, replaced.status, a.status);

    const order = orderRow({
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
      position_id: a.positionId,
      signal_id: a.signalId,
      tp: a.tp,
      sl: a.sl,
      cooldown: a.cooldown,
      metadata: a.metadata,
      notional: orderNotional(a),
    });

    writeOrder(state, order, call.now);
    state.emit(call, "order_saved", () => ({ order: orderJson(order) }));

    return orderFromRow(order);
  },
};
