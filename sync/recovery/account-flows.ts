/** The other flows of the exchange account. */
import type { AccountFlow } from "../../src/types.js";

/** What a plan rests on of them, as text to compare. */
export function heldBy(flows: readonly AccountFlow[]): string {
  return JSON.stringify(
    flows.map((flow) => (flow.readable ? [flow.flowId, flow.positions, flow.orders] : [flow.flowId])),
  );
}
