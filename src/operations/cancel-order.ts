import { orderJson, orderWith } from "../records/generated/order.js";
import { writeOrder } from "../state/order-life.js";
import type { Operation } from "./operation.js";

interface Args {
  readonly id: string;
  readonly releaseSignal: boolean;
}

export const cancelOrder: Operation<Args, boolean> = {
  name: "cancel_order",
  kind: "change",
  keys: ["orders:pending", "orders:closed", "orders:closed_at", "risk:exposure", "signals:processed"],
  args: {
    id: (a) => a.id,
    release_signal: (a) => a.releaseSignal,
  },
  words: {
    id: "client order id",
  },
  decode: (reply) => reply[0] === "cancelled",
  apply(state, { id, releaseSignal }, call) {
    const pending = state.orders.get(id);
    if (!pending) return false;

    const order = orderWith(pending, { status: "cancelled", notional: 0n, version: pending.version + 1 });
    const released = releaseSignal && order.signal_id !== null && order.filled === 0;

    writeOrder(state, order, call.now);
    if (released && order.signal_id !== null) state.processed.delete(order.signal_id);
    state.emit(call, "order_cancelled", () => ({ order: orderJson(order), signal_released: released ? "1" : "0" }));

    return true;
  },
};
