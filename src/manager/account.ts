/** The account that a flow shares with others: known where they are in one Redis. */
import type { ResolvedConfig } from "../config/schema.js";
import { type StateError, StateLostError } from "../errors.js";
import { getPendingOrders } from "../operations/get-pending-orders.js";
import { getPositions } from "../operations/get-positions.js";
import type { AccountFlow } from "../types.js";

export async function joinAccount({ backend, redis, recovery }: ResolvedConfig, flowId: string): Promise<void> {
  if (backend !== "redis" || recovery.account === undefined) return;
  await (await accounts()).joinAccount(redis, recovery.account, flowId);
}

export async function leaveAccount({ backend, redis, recovery }: ResolvedConfig, flowId: string): Promise<boolean> {
  if (backend !== "redis" || recovery.account === undefined) return false;
  return (await accounts()).leaveAccount(redis, recovery.account, flowId);
}

/** What the other flows of the account hold. Orders come first: what fills meanwhile is told twice then, and never left out. */
export async function otherFlows({ backend, redis, recovery }: ResolvedConfig, flowId: string): Promise<AccountFlow[]> {
  if (backend !== "redis" || recovery.account === undefined) return [];
  const { lookAtOthers } = await accounts();
  const flows = await lookAtOthers(redis, recovery.account, flowId, async (flow) => ({
    orders: await flow.ask(getPendingOrders, undefined),
    positions: await flow.ask(getPositions, undefined),
  }));
  return flows.map((flow) =>
    "seen" in flow
      ? { flowId: flow.flowId, readable: true, ...flow.seen }
      : { flowId: flow.flowId, readable: false, why: whyNot(flow.failure) },
  );
}

function whyNot(failure: StateError): string {
  return failure instanceof StateLostError ? "it has no state: it was removed, or never opened" : failure.message;
}

/** A bot without Redis does not load its client. */
function accounts(): Promise<typeof import("../backends/redis/account.js")> {
  return import("../backends/redis/account.js");
}
