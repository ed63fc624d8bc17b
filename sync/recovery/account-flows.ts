/** The other flows of the exchange account. */
import type { AccountFlow } from "../../src/types.js";

interface KnowsItsAccount {
  getAccountFlows(): Promise<AccountFlow[]>;
}

function knowsItsAccount(mgr: object): mgr is KnowsItsAccount {
  return "getAccountFlows" in mgr && typeof mgr.getAccountFlows === "function";
}

/** Every other flow of the same `recovery.account`, readable or not; none where the flow names no account. */
export async function accountFlowsOf(mgr: object): Promise<readonly AccountFlow[]> {
  return knowsItsAccount(mgr) ? await mgr.getAccountFlows() : [];
}

/** What a plan rests on of them, as text to compare. */
export function heldBy(flows: readonly AccountFlow[]): string {
  return JSON.stringify(
    flows.map((flow) => (flow.readable ? [flow.flowId, flow.positions, flow.orders] : [flow.flowId])),
  );
}
