/** What the page changes, with the same checks and refusals as the command line. */
import type { z } from "zod";
import { breakerDuration } from "../cli/arguments.js";
import { forEach } from "../cli/flows.js";
import { breakerDuration as breakerEnd } from "../manager/check.js";
import type { StateManager } from "../manager/state-manager.js";
import { lifeOf, livenessOf } from "../state/liveness.js";
import { isDone } from "../state/order-status.js";
import type { FillInput, PendingOrder } from "../types.js";
import { wire } from "./json.js";
import type { OpenFlows } from "./open-flows.js";
import { type Place, wordsOf } from "./place.js";
import { Refusal } from "./refusal.js";
import type {
  approveBody,
  breakLeaseBody,
  cancelBody,
  pruneBody,
  resetBody,
  resolveBody,
  tripBody,
} from "./request-body.js";
import type {
  AllAnswer,
  ApproveAnswer,
  BreakLeaseAnswer,
  CancelAnswer,
  PruneAnswer,
  ResetAnswer,
  ResolveAnswer,
  TripAnswer,
} from "./wire.js";

type Trip = z.infer<typeof tripBody>;
type Reset = z.infer<typeof resetBody>;

/** Checks that the person typed the name of what they change, so that a slip of the finger stops no other flow. Throws a Refusal. */
export function checkConfirmed(confirm: string, name: string): void {
  if (confirm !== name)
    throw new Refusal(
      400,
      "bad_request",
      `confirm: expected ${JSON.stringify(name)}, as it is written; nothing was done`,
    );
}

function lastingOf(text: string | undefined) {
  if (text === undefined) return undefined;
  try {
    return breakerDuration(text);
  } catch (error) {
    throw new Refusal(400, "bad_request", `for: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export async function tripFlow(
  manager: StateManager,
  { reason, for: lasting }: Omit<Trip, "confirm">,
): Promise<TripAnswer> {
  const duration = lastingOf(lasting);
  const { until } = await manager.triggerCircuitBreaker(reason, duration === undefined ? {} : { duration });
  return until ? { until: until.toISOString() } : {};
}

export async function resetFlow(manager: StateManager, { reason }: Omit<Reset, "confirm">): Promise<ResetAnswer> {
  return { reset: await manager.resetCircuitBreaker(reason) };
}

export async function tripAccount(place: Place, name: string, { reason, for: lasting }: Trip): Promise<TripAnswer> {
  const duration = lastingOf(lasting);
  await using account = await place.openAccount(name);
  const { until } = await account.trip(reason, duration === undefined ? undefined : breakerEnd("for", duration));
  return until ? { until: until.toISOString() } : {};
}

export async function resetAccount(place: Place, name: string, { reason = "" }: Reset): Promise<ResetAnswer> {
  await using account = await place.openAccount(name);
  return { reset: await account.reset(reason) };
}

/** Does it to every flow that exists now. If one fails, the others still follow. */
export async function all<Each extends object>(
  places: readonly Place[],
  flows: OpenFlows,
  deed: (manager: StateManager) => Promise<Each>,
): Promise<AllAnswer<Each>> {
  const problems: string[] = [];
  const found = await Promise.all(
    places.map(async (place) => {
      try {
        const { flows: ids, failures } = await place.find();
        problems.push(...failures.map((failure) => wordsOf(place, failure)));
        return ids.map((flowId) => ({ place, flowId }));
      } catch (error) {
        problems.push(wordsOf(place, error));
        return [];
      }
    }),
  );
  const named = found.flat();
  const done = await forEach(named, ({ place, flowId }) => flows.with(place, flowId, deed));
  return {
    flows: named.map(({ place, flowId }, at) => {
      const result = done[at];
      const name = { place: place.id, flowId };
      return result?.status === "fulfilled"
        ? { ...name, ...result.value }
        : { ...name, error: wordsOf(place, result?.reason) };
    }),
    problems,
  };
}

async function orderNamed(manager: StateManager, id: string): Promise<PendingOrder> {
  const [order] = await manager.findOrders([id]);
  if (!order) throw new Refusal(404, "not_found", `the flow has no order ${id}; nothing was done`);
  return order;
}

async function pendingNamed(manager: StateManager, id: string): Promise<PendingOrder> {
  const order = await orderNamed(manager, id);
  if (isDone(order.status))
    throw new Refusal(409, "conflict", `order ${id} is ${order.status} already; nothing was done`);
  return order;
}

async function cancelled(manager: StateManager, order: PendingOrder, releaseSignal: boolean): Promise<PendingOrder> {
  const { id } = order;
  if (!(await manager.cancelOrder(id, { releaseSignal }))) {
    throw new Refusal(409, "conflict", `order ${id} ended meanwhile; nothing was done`);
  }
  const [after = order] = await manager.findOrders([id]);
  return after;
}

export async function cancelOrder(
  manager: StateManager,
  { orderId, releaseSignal = false }: z.infer<typeof cancelBody>,
): Promise<CancelAnswer> {
  const order = await pendingNamed(manager, orderId);
  const after = await cancelled(manager, order, releaseSignal);
  return {
    order: wire(after),
    signalReleased: releaseSignal && order.signalId !== undefined && after.filled === 0,
  };
}

export async function resolveOrder(manager: StateManager, body: z.infer<typeof resolveBody>): Promise<ResolveAnswer> {
  if (body.is === "filled") {
    const order = await orderNamed(manager, body.orderId);
    const result = await manager.recordFill(order.id, fillOf(body));
    return { order: wire(result.order ?? order), applied: result.applied, tripped: result.tripped };
  }
  const order = await pendingNamed(manager, body.orderId);
  const { id, filled } = order;
  if (body.is === "open") {
    const after = await manager.updateOrder(id, { status: filled > 0 ? "partially_filled" : "open" });
    return { order: wire(after), applied: true, tripped: false };
  }
  if (body.is === "never_arrived" && filled > 0) {
    throw new Refusal(
      409,
      "conflict",
      `order ${id} did arrive: ${filled} of it was filled; nothing was done. If it is over there, say that it was cancelled`,
    );
  }
  const releaseSignal = body.is === "never_arrived" && body.releaseSignal === true;
  return { order: wire(await cancelled(manager, order, releaseSignal)), applied: true, tripped: false };
}

function fillOf(body: Extract<z.infer<typeof resolveBody>, { is: "filled" }>): FillInput {
  const { fillId, price, size, rate, ts, overfill, cancelled: done } = body;
  return {
    fillId,
    price,
    size,
    ...feeOf(body),
    ...(rate !== undefined && { rate }),
    ...(ts !== undefined && { ts: new Date(ts) }),
    ...(overfill === true && { overfill }),
    ...(done === true && { done }),
  };
}

function feeOf({
  fee,
  feeCurrency: currency,
  feeRate: rate,
}: {
  fee?: number | undefined;
  feeCurrency?: string | undefined;
  feeRate?: number | undefined;
}) {
  if (fee === undefined && (currency !== undefined || rate !== undefined)) {
    throw new Refusal(400, "bad_request", "feeCurrency and feeRate go with fee");
  }
  if (fee === undefined) return {};
  if (currency === undefined) {
    if (rate !== undefined) throw new Refusal(400, "bad_request", "feeRate goes with feeCurrency");
    return { fee };
  }
  return { fee: { amount: fee, currency, ...(rate !== undefined && { rate }) } };
}

export async function approveRecovery(
  manager: StateManager,
  { hash }: z.infer<typeof approveBody>,
): Promise<ApproveAnswer> {
  return { approved: await manager.approveRecovery(hash) };
}

/** Takes the lease only from a holder that is dead or unknown. */
export async function breakLease(
  manager: StateManager,
  { token }: z.infer<typeof breakLeaseBody>,
): Promise<BreakLeaseAnswer> {
  const held = await manager.getLease();
  if (!held) return { broken: false };
  if (held.token !== token)
    throw new Refusal(409, "conflict", `${held.holder} has taken the lease since then; nothing was done`);
  const { at, instances } = await manager.snapshot();
  const life = lifeOf(held, livenessOf(instances, at, manager.config.execution.dead_after), at);
  if (life !== "dead" && life !== "gone") {
    throw new Refusal(
      409,
      "conflict",
      `${held.holder} holds the lease, and ${life === "alive" ? "is alive" : "gives no heartbeats: it may be alive"}; nothing was done. Stop that bot, or use sf-state lease break --force`,
    );
  }
  return { broken: await manager.breakLease(token, `its holder ${held.holder} is dead`) };
}

/** Forgets only instances that are dead and have not changed since the person saw them. */
export async function pruneInstances(
  manager: StateManager,
  { instances: seen }: z.infer<typeof pruneBody>,
): Promise<PruneAnswer> {
  const { at, instances } = await manager.snapshot();
  const { dead } = livenessOf(instances, at, manager.config.execution.dead_after);
  const asked = dead.filter(({ id, lastHeartbeat }) =>
    seen.some((each) => each.id === id && Date.parse(each.lastHeartbeat) === lastHeartbeat.getTime()),
  );
  return { forgotten: asked.length === 0 ? [] : await manager.forgetInstances(asked) };
}
