import { findOrder } from "../state/order-life.js";
import type { PendingOrder } from "../types.js";
import { list, type Operation } from "./operation.js";
import { orderFromReply, orderFromRow } from "./view-order.js";

/** Orders, pending or recently closed, in the order of the ids; undefined for an unknown id. */
export const findOrders: Operation<{ readonly ids: readonly string[] }, (PendingOrder | undefined)[]> = {
  name: "find_orders",
  kind: "read",
  keys: ["orders:pending", "orders:closed"],
  args: {
    ids: (a) => JSON.stringify(a.ids),
  },
  decode(reply) {
    const found = list(reply, 1);
    return found.map((json, at) => (json === "" ? undefined : orderFromReply(found, at)));
  },
  apply: (state, { ids }) =>
    ids.map((id) => {
      const order = findOrder(state, id);
      return order && orderFromRow(order);
    }),
};
