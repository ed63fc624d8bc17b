/** The other flows of the exchange account. */
import type { AccountFlow, Snapshot } from "../../src/types.js";
import { digestOf } from "../../src/words/client-order-id.js";
import type { Evidence } from "../plan/evidence.js";
import { idsToldBy, type Told } from "./remembered.js";

/** The most orders that are asked for: those of the newest fills. */
const MOST_ORDERS = 1000;

/** Client order ids that name no flow, and that a flow of the account may have given to orders that are over. */
export function strangeIds(
  { orders }: Snapshot,
  closedOrders: Evidence["closedOrders"],
  told: Told,
): readonly string[] {
  const own = new Set([...orders.map(({ id }) => id), ...closedOrders.keys()]);
  return idsToldBy(told)
    .filter((id) => !own.has(id) && digestOf(id) === undefined)
    .slice(0, MOST_ORDERS);
}

/** The parts of those flows that a plan depends on, as text to compare. */
export function heldBy(flows: readonly AccountFlow[]): string {
  return JSON.stringify(
    flows.map((flow) => (flow.readable ? [flow.flowId, flow.positions, flow.orders] : [flow.flowId])),
  );
}
