/** Turns an order of the flow into a request to the exchange. */
import { InvalidArgumentError } from "../../src/errors.js";
import * as check from "../../src/manager/check.js";
import type { PendingOrder } from "../../src/types.js";
import { changedSide } from "../plan/sides.js";
import type { OrderRequest } from "../port/exchange.js";

/** Throws an InvalidArgumentError that names the field if the order cannot be sent. */
export function orderRequest(order: PendingOrder, pair: string): OrderRequest {
  const { id, side, size, orderType, price, intent } = order;
  if (orderType !== "market" && orderType !== "limit" && orderType !== "stop") {
    throw new InvalidArgumentError(
      `order.orderType: expected market, limit or stop, got ${JSON.stringify(orderType)}: nothing was sent`,
    );
  }
  const asked: OrderRequest = {
    clientOrderId: check.orderId("order.id", id),
    pair,
    side,
    size,
    type: orderType,
    reduceOnly: intent === "exit",
    positionSide: changedSide(order),
  };
  if (orderType === "market") return asked;
  if (price === null) {
    throw new InvalidArgumentError(
      `order.price: a ${orderType} order needs one, order ${id} has none: nothing was sent`,
    );
  }
  return { ...asked, price };
}
