/** An order in state that stands for what others did to a position. The exchange has no order of this id. */
import type { PendingOrder } from "../../src/types.js";
import { derived } from "./client-order-id.js";

export const EXTERNAL = "external";

/** Fills that no order of the flow made are booked to this order: those of a stop that the flow does not know, a liquidation, a manual trade. */
export function externalOrderId(flowId: string, positionId: string): string {
  return derived("sfx", flowId, positionId);
}

export function isExternal({ orderType }: PendingOrder): boolean {
  return orderType === EXTERNAL;
}
