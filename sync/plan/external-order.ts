/** The order in state that stands for what others did to a position: the exchange has none of its id. */
import type { PendingOrder } from "../../src/types.js";
import { derived } from "./client-order-id.js";

/** Its type. */
export const EXTERNAL = "external";

/** Fills that no order of the flow made are booked to it: a stop that it does not know, a liquidation, a hand at the exchange. */
export function externalOrderId(flowId: string, positionId: string): string {
  return derived("sfx", flowId, positionId);
}

export function isExternal({ orderType }: PendingOrder): boolean {
  return orderType === EXTERNAL;
}
