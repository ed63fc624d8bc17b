/** When a position was entered, on the exchange's clock: what happened before cannot have reduced it. */
import type { PendingOrder } from "../../src/types.js";
import { isAdoptedId } from "./client-order-id.js";
import type { Draft, Expected } from "./draft.js";
import { orderIdOf } from "./order-ids.js";

type Entered = Pick<Expected, "id" | "pair" | "entryTs">;

/**
 * Not before this it was entered, ms: the fills that entered it tell, where they are listed and of about its time; else its own time does, by as much as
 * clocks may be apart.
 */
export function enteredAt(draft: Draft, position: Entered): number {
  const { clockAhead = 0, margin } = draft.evidence;
  return firstEntryOf(draft, position) ?? position.entryTs.getTime() + clockAhead - margin;
}

/** When the first of the fills that entered it happened, ms; undefined where they are not listed, or not of about its time. */
export function firstEntryOf(draft: Draft, { id, pair, entryTs }: Entered): number | undefined {
  // No order of the flow entered what was taken over: those that name it have added to it.
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
