/** An order in words, and how a command finds the order that is named. */
import type { StateManager } from "../manager/state-manager.js";
import type { PendingOrder } from "../types.js";
import { meant } from "../words/short-ids.js";
import { ProblemError } from "./exit-code.js";

/** `entry buy 1 BTC/USDT at 60000 (limit), open, 0.4 filled`. */
export function orderWords({ intent, side, size, pair, price, orderType, status, filled }: PendingOrder): string {
  const terms = price === null ? orderType : `at ${price} (${orderType})`;
  return `${intent} ${side} ${size} ${pair} ${terms}, ${status}, ${filled} filled`;
}

/**
 * An order that is pending, or ended within seven days; a pending one also by the beginning of its id. Throws a ProblemError if no order is known by that
 * id.
 */
export async function orderNamed(manager: StateManager, id: string): Promise<PendingOrder> {
  const [order] = await manager.findOrders([id]);
  if (order) return order;
  const pending = await manager.getPendingOrders();
  const short = meant(
    id,
    pending.map((each) => each.id),
  );
  const found = pending.find((each) => each.id === short);
  if (found) return found;
  throw new ProblemError(
    `flow ${manager.flowId} knows no order ${JSON.stringify(id)}, pending or over within seven days; sf-state orders --closed lists what the log of events tells of`,
  );
}

/** Holds while the order may still be open at the exchange, and says how to bring both in line. */
export const NOT_AT_EXCHANGE =
  "nothing is done at the exchange: what rests there may still be filled. Cancel it there, or let sf-state recover --exchange ID do so, which cancels what is over in state and books what was filled";
