import { InvalidArgumentError } from "../errors.js";
import { exceeds } from "../exact/size.js";
import { orderJson, orderSame, orderWith } from "../records/generated/order.js";
import type { OrderRow } from "../records/order.js";
import { checkPrice, marketStored, orderRate } from "../state/currency.js";
import { orderNotional } from "../state/exposure.js";
import type { FlowState } from "../state/flow-state.js";
import { writeOrder } from "../state/order-life.js";
import { checkTransition, settledStatus } from "../state/order-status.js";
import type { OrderStatus, PendingOrder } from "../types.js";
import { ORDER_STATUSES, wordOf } from "../words/word-lists.js";
import { type Operation, text } from "./operation.js";
import { orderFromReply, orderFromRow } from "./view-order.js";

/** Fields to change; undefined: unchanged; null: removed, if the field is optional. */
export interface OrderChanges {
  readonly price?: number | null | undefined;
  readonly size?: number | undefined;
  readonly status?: OrderStatus | undefined;
  readonly filled?: number | undefined;
  readonly tp?: number | null | undefined;
  readonly sl?: number | null | undefined;
  /** ms */
  readonly cooldown?: number | null | undefined;
  readonly metadata?: string | undefined;
  readonly reason?: string | undefined;
  readonly rate?: number | undefined;
}

interface Args extends OrderChanges {
  readonly id: string;
  /** The version that the caller read; undefined: any. */
  readonly version: number | undefined;
}

export type OrderUpdate =
  | { readonly outcome: "updated" | "conflict"; readonly order: PendingOrder }
  /** `status`: how the order ended, if that is still known. */
  | { readonly outcome: "none"; readonly status: OrderStatus | undefined };

export const updateOrder: Operation<Args, OrderUpdate> = {
  name: "update_order",
  kind: "change",
  keys: ["orders:pending", "orders:closed", "orders:closed_at", "orders:by_position", "risk:exposure"],
  args: {
    id: (a) => a.id,
    version: (a) => a.version,
    price: (a) => (a.price === null ? "none" : a.price),
    size: (a) => a.size,
    status: (a) => a.status,
    filled: (a) => a.filled,
    tp: (a) => (a.tp === null ? "none" : a.tp),
    sl: (a) => (a.sl === null ? "none" : a.sl),
    cooldown: (a) => (a.cooldown === null ? "none" : a.cooldown),
    metadata: (a) => a.metadata,
    reason: (a) => a.reason,
    rate: (a) => a.rate,
  },
  words: {
    id: "client order id",
    price: '"" = as it is, none = without',
    size: '"" = as it is',
    status: '"" = as it is',
    filled: '"" = as it is',
    tp: '"" = as it is, none = without',
    sl: '"" = as it is, none = without',
    cooldown: 'ms; "" = as it is, none = without',
    metadata: 'JSON object; "" = as it is',
    reason: '"" = as it is',
    rate: '"" = as it is',
  },
  decode(reply) {
    if (reply[0] === "none") return { outcome: "none", status: wordOf(ORDER_STATUSES, text(reply, 1)) };
    return { outcome: reply[0] === "updated" ? "updated" : "conflict", order: orderFromReply(reply, 1) };
  },
  apply(state, a, call) {
    const stored = state.orders.get(a.id);
    if (!stored) return { outcome: "none", status: state.closedOrders.get(a.id)?.status };
    if (a.version !== undefined && a.version !== stored.version) {
      return { outcome: "conflict", order: orderFromRow(stored) };
    }

    const order = changed(state, stored, a);
    if (orderSame(stored, order)) return { outcome: "updated", order: orderFromRow(stored) };

    writeOrder(state, order, call.now);
    state.emit(call, "order_updated", () => ({ order: orderJson(order) }));

    return { outcome: "updated", order: orderFromRow(order) };
  },
};

/** The order after the changes. `filled` never goes down, and a status never goes back. */
function changed(state: FlowState, stored: OrderRow, a: Args): OrderRow {
  const { id, intent, closes } = stored;
  if (a.filled !== undefined && exceeds(stored.filled, a.filled)) {
    throw new InvalidArgumentError(`filled: order ${id} has ${stored.filled} filled, it cannot have ${a.filled}`);
  }
  const filled = Math.max(stored.filled, a.filled ?? 0);
  const size = a.size ?? stored.size;
  if (exceeds(filled, size)) {
    throw new InvalidArgumentError(
      a.size === undefined
        ? `filled: order ${id} is of ${size}, it cannot have ${filled} filled`
        : `size: order ${id} has ${filled} filled, its size cannot be ${size}`,
    );
  }
  const status = settledStatus(a.status ?? stored.status, filled, size);
  checkTransition(id, stored.status, status);
  const price = a.price === undefined ? stored.price : a.price;
  const market = marketStored(state, stored.pair);
  checkPrice(market, "patch.price", price);
  const rate = orderRate(state, market, { intent, price, given: a.rate, known: stored.rate });
  return orderWith(stored, {
    price,
    size,
    status,
    filled,
    tp: a.tp === undefined ? stored.tp : a.tp,
    sl: a.sl === undefined ? stored.sl : a.sl,
    cooldown: a.cooldown === undefined ? stored.cooldown : a.cooldown,
    metadata: a.metadata ?? stored.metadata,
    reason: a.reason ?? stored.reason,
    rate,
    notional: orderNotional(market, { intent, status, size, filled, price, closes, rate }),
    version: stored.version + 1,
  });
}
