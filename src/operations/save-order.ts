import { InvalidArgumentError } from "../errors.js";
import { exceeds } from "../exact/size.js";
import { orderJson, orderRow, orderSame } from "../records/generated/order.js";
import type { OrderRow } from "../records/order.js";
import { adoptCurrency, checkPrice, marketOf, orderRate, rateKnown } from "../state/currency.js";
import { orderNotional } from "../state/exposure.js";
import { fillsSince } from "../state/memory.js";
import { closedOrder, forgetClosed, writeOrder } from "../state/order-life.js";
import { checkTransition, settledStatus } from "../state/order-status.js";
import type { OrderIntent, OrderSide, OrderStatus, PendingOrder } from "../types.js";
import type { Operation } from "./operation.js";
import { orderFromReply, orderFromRow } from "./view-order.js";

interface Args {
  readonly id: string;
  readonly pair: string;
  readonly side: OrderSide;
  /** Undefined: unchanged or, for a new order, as the price implies. */
  readonly orderType: string | undefined;
  /** Undefined: unchanged. */
  readonly price: number | null | undefined;
  readonly size: number;
  readonly status: OrderStatus;
  readonly createdAt: number | undefined;
  readonly filled: number;
  /** Undefined: unchanged or, for a new order, `entry`. */
  readonly intent: OrderIntent | undefined;
  readonly positionId: string | undefined;
  readonly signalId: string | undefined;
  /** Undefined: unchanged. */
  readonly tp: number | null | undefined;
  /** Undefined: unchanged. */
  readonly sl: number | null | undefined;
  /** ms */
  readonly cooldown: number | null | undefined;
  readonly metadata: string | undefined;
  /** Empty: unchanged. */
  readonly reason: string;
  readonly rate: number | undefined;
  readonly flip: string | undefined;
}

export const saveOrder: Operation<Args, PendingOrder> = {
  name: "save_order",
  kind: "change",
  keys: ["orders:pending", "orders:closed", "orders:closed_at", "orders:by_position", "risk:exposure", "orders:fills"],
  args: {
    id: (a) => a.id,
    pair: (a) => a.pair,
    side: (a) => a.side,
    order_type: (a) => a.orderType,
    price: (a) => (a.price === null ? "none" : a.price),
    size: (a) => a.size,
    status: (a) => a.status,
    created_at: (a) => a.createdAt,
    filled: (a) => a.filled,
    intent: (a) => a.intent,
    position_id: (a) => a.positionId,
    signal_id: (a) => a.signalId,
    tp: (a) => (a.tp === null ? "none" : a.tp),
    sl: (a) => (a.sl === null ? "none" : a.sl),
    cooldown: (a) => (a.cooldown === null ? "none" : a.cooldown),
    metadata: (a) => a.metadata,
    reason: (a) => a.reason,
    rate: (a) => a.rate,
    flip: (a) => a.flip,
  },
  words: {
    id: "client order id",
    created_at: 'ms; "" = as it is, or now',
    intent: 'entry or exit; "" = as it is, or an entry',
    side: "buy or sell",
    order_type: '"" = as it is, or market without a price and limit with one',
    price: 'quote currency; "" = as it is, none = without',
    signal_id: '"" = none',
    tp: 'of the position it opens; "" = as it is, none = without',
    sl: 'of the position it opens; "" = as it is, none = without',
    cooldown: 'ms, of the position it opens; "" = as it is, none = without',
    metadata: 'JSON object, of the position it opens; "" = as it is',
    reason: 'tp, sl, manual, ...; "" = as it is',
    rate: 'flow currency per unit of the settle currency; "" = as it is',
    flip: 'of the stored order; "" = none',
  },
  decode: (reply) => orderFromReply(reply, 1),
  apply(state, a, call) {
    const known = state.orders.get(a.id);
    const done = known ? undefined : closedOrder(state, a.id, call.now);
    if (a.flip !== undefined && a.flip !== (known ?? done)?.flip) {
      throw new InvalidArgumentError(`flip: order ${a.id} is not stored with it: only admit turns a position around`);
    }
    if (done) return orderFromRow(sameDone(done, a));

    const { filled, status, price = null, positionId, signalId, createdAt, reason, ...rest } = withKnown(known, a);
    const closes = known?.closes;
    const intent = rest.intent ?? "entry";
    const market = marketOf(state, a.pair);
    checkPrice(market, "order.price", price);
    const rate = orderRate(state, market, {
      intent,
      price,
      given: a.rate,
      known: known ? rateKnown(state, market, known) : null,
    });
    if (exceeds(filled, a.size)) {
      throw new InvalidArgumentError(`size: order ${a.id} has ${filled} filled, its size cannot be ${a.size}`);
    }
    const order = orderRow({
      id: a.id,
      pair: a.pair,
      side: a.side,
      order_type: rest.orderType ?? (price === null ? "market" : "limit"),
      price,
      size: a.size,
      status,
      created_at: createdAt ?? call.now,
      filled,
      intent,
      position_id: positionId,
      signal_id: signalId,
      tp: rest.tp,
      sl: rest.sl,
      cooldown: rest.cooldown,
      metadata: rest.metadata,
      notional: orderNotional(market, { intent, status, size: a.size, filled, price, closes, rate }),
      fills_since: known ? known.fills_since : fillsSince(state.fills),
      version: known ? known.version + 1 : 1,
      reason: reason === "" ? null : reason,
      rate,
      flip: known?.flip,
      closes,
      slot: known?.slot,
      reduces: known?.reduces,
    });
    if (known && orderSame(known, order)) return orderFromRow(known);

    if (!known) forgetClosed(state, a.id);
    adoptCurrency(state, market);
    writeOrder(state, order, call.now);
    state.emit(call, "order_saved", () => ({ order: orderJson(order) }));

    return orderFromRow(order);
  },
};

/** A done order does not change. A late write of the same order gets it back. */
function sameDone(known: OrderRow, a: Args): OrderRow {
  if (a.createdAt === undefined) checkTransition(a.id, known.status, a.status);
  else if (a.createdAt !== known.created_at) {
    throw new InvalidArgumentError(
      `createdAt: order ${a.id} is ${known.status} already: to save it again, give its createdAt; a new order needs another id`,
    );
  }
  return known;
}

/** Whether the order turned this position around, or opened it before: a late write does not bring it back. */
function wasLeft({ id, filled, flip }: OrderRow, positionId: string | undefined): boolean {
  return positionId !== undefined && (positionId === flip || (positionId === id && filled > 0));
}

/** A write never takes back what is known of a pending order. */
function withKnown(known: OrderRow | undefined, a: Args): Args {
  if (!known) return a;
  const filled = a.filled < known.filled ? known.filled : a.filled;
  const status = settledStatus(a.status, filled, a.size);
  checkTransition(a.id, known.status, status);
  const positionId = wasLeft(known, a.positionId) ? undefined : a.positionId;
  if (positionId !== undefined && known.position_id !== null && positionId !== known.position_id) {
    throw new InvalidArgumentError(
      `positionId: order ${a.id} is of position ${known.position_id}, it cannot move to ${positionId}`,
    );
  }
  return {
    ...a,
    filled,
    status,
    positionId: known.position_id ?? positionId,
    signalId: a.signalId ?? known.signal_id ?? undefined,
    createdAt: a.createdAt ?? known.created_at,
    reason: a.reason === "" ? (known.reason ?? "") : a.reason,
    orderType: a.orderType ?? (a.price === undefined ? known.order_type : undefined),
    intent: a.intent ?? known.intent,
    price: a.price === undefined ? known.price : a.price,
    tp: a.tp === undefined ? known.tp : a.tp,
    sl: a.sl === undefined ? known.sl : a.sl,
    cooldown: a.cooldown === undefined ? known.cooldown : a.cooldown,
    metadata: a.metadata ?? known.metadata ?? undefined,
  };
}
