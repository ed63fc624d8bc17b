import type { PendingOrder } from "../types.js";
import type { Operation } from "./operation.js";
import { orderFromRow, ordersFromReply, sortedOrders } from "./view-order.js";

export const getPendingOrders: Operation<void, PendingOrder[]> = {
  name: "get_pending_orders",
  kind: "read",
  keys: ["orders:pending"],
  args: {},
  decode: (reply) => ordersFromReply(reply, 1),
  apply: (state) => sortedOrders([...state.orders.values()].map(orderFromRow)),
};
