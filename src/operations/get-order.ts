import type { PendingOrder } from "../types.js";
import type { Operation } from "./operation.js";
import { orderFromReply, orderFromRow } from "./view-order.js";

export const getOrder: Operation<{ readonly id: string }, PendingOrder | undefined> = {
  name: "get_order",
  kind: "read",
  keys: ["orders:pending"],
  args: {
    id: (a) => a.id,
  },
  words: {
    id: "client order id",
  },
  decode: (reply) => (reply[0] === "order" ? orderFromReply(reply, 1) : undefined),
  apply(state, { id }) {
    const order = state.orders.get(id);
    return order && orderFromRow(order);
  },
};
