/** When a position was entered, on the exchange's clock. Nothing that happened before can have reduced it. */
import type { PendingOrder } from "../../src/types.js";
import { isAdoptedId } from "./client-order-id.js";
import type { Draft, Expected } from "./draft.js";
import { orderIdOf } from "./order-ids.js";

type Entered = Pick<Expected, "id" | "pair" | "entryTs">;

/**
 * The earliest time at which the position can have been entered, ms. It comes from the fills that entered it, if they are listed with a plausible time;
 * else from the position's own entry time, less the margin between the clocks.
 */
export function enteredAt(draft: Draft, position: Entered): number {
  const { clockAhead = 0, margin } = draft.evidence;
  return firstEntryOf(draft, position) ?? position.entryTs.getTime() + clockAhead - margin;
}

/** Time of the first fill that entered the position, ms; undefined if such fills are not listed, or their time is implausible. */
export function firstEntryOf(draft: Draft, { id, pair, entryTs }: Entered): number | undefined {
  // No order of the flow entered an adopted position: the orders that name it have only added to it.
  if (isAdoptedId(id)) return undefined;
  const { clockAhead = 0, margin, snapshot, closedOrders } = draft.evidence;
  const told = entryTs.getTime() + clockAhead;
  const orders = new Set(
    [...snapshot.orders, ...closedOrders.values()]
      .filter((order) => positionEnteredBy(order) === id)
      .map((order) => order.id),
  );
  const first = draft.fillsOf(pair).find((fill) => orders.has(orderIdOf(draft.evidence, fill) ?? ""));
  const at = first?.ts.getTime();
  return at !== undefined && at <= told + margin ? at : undefined;
}

function positionEnteredBy({ id, intent, positionId, flip }: PendingOrder): string | undefined {
  if (intent !== "entry") return undefined;
  return positionId === undefined || positionId === flip ? id : positionId;
}
