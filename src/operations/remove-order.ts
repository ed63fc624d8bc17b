import type { Operation } from "./operation.js";

export const removeOrder: Operation<{ readonly id: string }, boolean> = {
  name: "remove_order",
  kind: "change",
  keys: ["orders:pending", "orders:by_position", "risk:exposure"],
  args: {
    id: (a) => a.id,
  },
  words: {
    id: "client order id",
  },
  decode: (reply) => reply[0] === "removed",
  apply(state, { id }, call) {
    const order = state.orders.get(id);
    if (!order) return false;

    state.orders.delete(id);
    state.emit(call, "order_removed", () => ({ id, pair: order.pair }));

    return true;
  },
};
