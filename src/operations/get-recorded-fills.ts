import { fillKey, remembers, TRADE_MEMORY } from "../state/memory.js";
import { findOrder } from "../state/order-life.js";
import { list, type Operation } from "./operation.js";

interface Args {
  readonly fills: readonly { readonly orderId: string; readonly fillId: string }[];
}

/** For each fill, whether `recordFill` has booked it. */
export const getRecordedFills: Operation<Args, boolean[]> = {
  name: "get_recorded_fills",
  kind: "read",
  keys: ["orders:fills", "orders:pending", "orders:closed"],
  args: {
    fills: (a) => JSON.stringify(a.fills.map(({ orderId, fillId }) => fillKey(orderId, fillId))),
    order_ids: (a) => JSON.stringify(a.fills.map(({ orderId }) => orderId)),
    fill_window: () => TRADE_MEMORY.window,
  },
  decode: (reply) => list(reply, 1).map((recorded) => recorded === "1"),
  apply: (state, { fills }, { now }) =>
    fills.map(({ orderId, fillId }) => {
      const since = findOrder(state, orderId)?.fills_since ?? 0;
      return remembers(state.fills, fillKey(orderId, fillId), now, TRADE_MEMORY.window, since);
    }),
};
