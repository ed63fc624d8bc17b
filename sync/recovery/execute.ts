/** Carries out the actions of a plan one by one. Each may be repeated: what was done is not done again. */

import { minus, plus } from "../../src/exact/double.js";
import { isUnknown } from "../../src/manager/outcome.js";
import type { Recovery } from "../../src/manager/recovery.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { OrderSide, PendingOrder, Position, PositionSide } from "../../src/types.js";
import type { Action } from "../plan/action.js";
import { adoptedId, closeOrderId } from "../plan/client-order-id.js";
import type { Evidence } from "../plan/evidence.js";
import { EXTERNAL } from "../plan/external-order.js";
import { ENDED_BY } from "../plan/given-up-orders.js";
import type { ResolvedOptions } from "../plan/options.js";
import { ARRIVED, EXCHANGE_ID, OTHER_ID } from "../plan/order-ids.js";
import { isRecoveryClose } from "../plan/orders.js";
import { orphanNote, triesToClose } from "../plan/orphan-tries.js";
import { actionText } from "../plan/plan-text.js";
import { hasArrived } from "../plan/repeated-close.js";
import { closingSide, net } from "../plan/sides.js";
import type { Exchange, ExchangePosition, OrderRequest } from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import { canonicalPair, sideKey } from "../port/pairs.js";

/** More orders than this to close one position are a sign that something else is wrong. */
const MAX_ATTEMPTS = 100;

export interface Executor {
  readonly mgr: StateManager;
  readonly exchange: Exchange;
  readonly recovery: Recovery;
  readonly evidence: Evidence;
  readonly options: ResolvedOptions;
}

/**
 * Carries out one action. False if there was nothing left to do because something has changed: the next look makes a new plan. Rejects with an
 * ExchangeError when the exchange refused or did not answer. The next look finds out, by the same client order id, whether the order was taken.
 */
export async function carryOut(action: Action, by: Executor): Promise<boolean> {
  const { mgr } = by;
  switch (action.type) {
    case "record_fill": {
      // A bot that goes on working may have booked the fill meanwhile, under an id of its own.
      const [order] = await mgr.findOrders([action.orderId]);
      if (order?.filled !== action.from) return false;
      await settled(() => mgr.recordFill(action.orderId, action.fill));
      return true;
    }
    case "close_external":
      if (!(await isAsPlanned(mgr, action))) return false;
      await endUntold(mgr, action.positionId);
      return true;
    case "reduce_external":
      if (!(await isAsPlanned(mgr, action))) return false;
      // The position stays open, so no trade will tell that a part of it went without a result. This event tells it.
      await mgr.reportDifference({ subject: action.key, found: actionText(action), reads: by.options.confirmations });
      await settled(() =>
        mgr.updatePosition(action.positionId, ({ version }) =>
          version === action.version ? { size: action.size } : {},
        ),
      );
      return true;
    case "remove_dust":
      if (!(await isAsPlanned(mgr, action))) return false;
      await removeDust(action, mgr);
      return true;
    default:
      await carryOutAnyway(action, by);
      return true;
  }
}

type Checked = "record_fill" | "close_external" | "reduce_external" | "remove_dust";

/** Actions that check for themselves what is left to do. */
async function carryOutAnyway(action: Exclude<Action, { type: Checked }>, by: Executor): Promise<void> {
  const { mgr, exchange } = by;
  switch (action.type) {
    case "book_external_fill":
      await bookExternalFill(action, by);
      return;
    case "set_order_status":
      await changeOrder(mgr, action.orderId, (order) => ({ ...order, status: action.status }));
      return;
    case "amend_order":
      await amendOrder(action, mgr);
      return;
    case "end_order":
      if (action.as === "cancelled") await endOrder(action, by);
      else await changeOrder(mgr, action.orderId, (order) => ({ ...order, status: action.as }));
      return;
    case "cancel_order":
      await exchange.cancelOrder(action.clientOrderId, symbolOf(by, action.pair));
      return;
    case "close_position":
      await closePosition(action, by);
      return;
    case "resubmit_close": {
      const order = await mgr.getOrder(action.orderId);
      if (order) await submitClose(order, action, by);
      return;
    }
    case "close_orphan":
      await closeOrphan(action, by);
      return;
    case "adopt_orphan": {
      const { pair, side, size, tracked, entryPrice, entryTs, rate } = action;
      const id = adoptedId(mgr.flowId, by.recovery.id, canonicalPair(pair), side, tracked);
      const metadata = { adopted: by.recovery.id, exchange: exchange.name };
      await settled(() =>
        mgr.savePosition({
          id,
          pair,
          side,
          size,
          entryPrice,
          ...(entryTs && { entryTs }),
          ...(rate !== undefined && { rate }),
          metadata,
        }),
      );
      return;
    }
    case "trip_breaker":
      await settled(() => mgr.triggerCircuitBreaker(action.why, { duration: "until_day_end" }));
      return;
    case "leave_orphan":
    case "leave_position":
      return; // a person has approved that it stays
  }
}

type Of<Type extends Action["type"]> = Extract<Action, { type: Type }>;

async function bookExternalFill(action: Of<"book_external_fill">, { mgr }: Executor): Promise<void> {
  const { orderId, positionId, side, fill } = action;
  const [known] = await mgr.findOrders([orderId]);
  const position = await mgr.getPosition(positionId);
  if (!position) return; // a bot has closed it meanwhile
  if (!known) {
    const order = {
      id: orderId,
      pair: position.pair,
      side: closingSide(side),
      orderType: EXTERNAL,
      reason: "external",
      size: position.size,
      intent: "exit" as const,
      positionId,
      status: "open" as const,
    };
    await settled(() => mgr.saveOrder(order));
  }
  await settled(() => mgr.recordFill(orderId, fill));
}

/** Ends a position whose rest cannot be sold, with the result that its fills booked. */
async function removeDust({ positionId, size }: Of<"remove_dust">, mgr: StateManager): Promise<void> {
  const position = await mgr.getPosition(positionId);
  if (!position) return;
  const isTrade = position.openedBy === "fills" || position.realised !== 0;
  await settled<unknown>(() =>
    isTrade ? mgr.closePosition(positionId, { pnl: 0, dust: size, reason: "dust" }) : mgr.removePosition(positionId),
  );
}

/** Ends an order in state and frees what it reserved. If the exchange does not know the order, its metadata notes that a recovery has looked for it. */
async function endOrder({ orderId }: Of<"end_order">, { mgr, recovery, evidence }: Executor): Promise<void> {
  const answer = evidence.orders.get(orderId);
  if (answer && answer.value === undefined) await endUnknown(orderId, mgr, recovery);
  else await settled(() => mgr.cancelOrder(orderId));
}

async function endUnknown(orderId: string, mgr: StateManager, { id }: Recovery): Promise<void> {
  await changeOrder(mgr, orderId, (order) => ({ ...order, metadata: { ...order.metadata, [ENDED_BY]: id } }));
  await settled(() => mgr.cancelOrder(orderId));
}

/** Ends a position that is gone and that no fill explains: its result is not known, so none is booked. */
async function endUntold(mgr: StateManager, positionId: string): Promise<void> {
  await settled(() =>
    mgr.removePosition(positionId, { untold: true, reason: "gone from the exchange, and no fill says how" }),
  );
}

/** Takes over the size and price that somebody gave the order at the exchange, unless the order has changed meanwhile. */
async function amendOrder({ orderId, from, to }: Of<"amend_order">, mgr: StateManager): Promise<void> {
  const isAsBefore = ({ size, price }: PendingOrder) => size === from.size && price === from.price;
  const order = await mgr.getOrder(orderId);
  if (!order || !isAsBefore(order)) return;
  await settled(() => mgr.updateOrder(orderId, (now) => (isAsBefore(now) ? to : {})));
}

/** Stores an order in state, then sends it. After a crash in between, the order is sent again under the same id. */
async function closePosition(action: Of<"close_position">, by: Executor): Promise<void> {
  const { mgr, recovery } = by;
  const position = await mgr.getPosition(action.positionId);
  if (!position) return;
  const ids = Array.from({ length: MAX_ATTEMPTS }, (_, i) => closeOrderId(mgr.flowId, recovery.id, position.id, i + 1));
  const earlier = await mgr.findOrders(ids);
  const pending = (await mgr.getPendingOrders()).find(
    (order) => isRecoveryClose(order) && order.positionId === position.id,
  );
  if (pending) {
    throw new ExchangeError(
      "rejected",
      `position ${position.id} is not closed once more, since it is not settled what became of order ${pending.id}, which closes it`,
    );
  }
  const attempt = earlier.indexOf(undefined);
  const id = ids[attempt];
  if (id === undefined) {
    throw new ExchangeError("rejected", `position ${position.id} is not flat after ${MAX_ATTEMPTS} orders to close it`);
  }
  const order = await settled(() =>
    mgr.saveOrder({
      id,
      pair: position.pair,
      side: closingSide(position.side),
      size: Math.min(action.size, position.size),
      orderType: "market",
      status: "intent",
      intent: "exit",
      positionId: position.id,
      metadata: { recovery: recovery.id, attempt: attempt + 1 },
    }),
  );
  await submitClose(order, action, by);
}

async function submitClose(order: PendingOrder, action: Action, by: Executor): Promise<void> {
  const { mgr } = by;
  const left = (order.positionId && (await mgr.getPosition(order.positionId))?.size) || order.size;
  const positionSide = order.side === "sell" ? "long" : "short";
  const size = await closable(Math.min(order.size, left), { ...order, positionSide }, by);
  const outcome =
    size === 0
      ? "flat"
      : await submit(action, by, {
          clientOrderId: order.id,
          pair: symbolOf(by, order.pair),
          side: order.side,
          size,
          type: "market",
          reduceOnly: true,
          positionSide,
        });
  if (outcome === "flat") {
    await endUnknown(order.id, mgr, by.recovery);
    throw nothingToReduce(by, order.id);
  }
  await changeOrder(mgr, order.id, (now) => ({
    ...now,
    ...(now.status === "intent" && { status: "submitted" }),
    metadata: {
      ...now.metadata,
      ...(outcome.id !== undefined && { [EXCHANGE_ID]: outcome.id }),
      ...(outcome.isDuplicate && { [ARRIVED]: true }),
    },
  }));
  if (outcome.otherId !== undefined) throw await takenOtherwise(outcome.otherId, order, by);
}

/**
 * The size of a closing order, by a fresh look at what is there. Spot knows no reduce-only: there, what was sold since the plan was made is subtracted,
 * too.
 */
async function closable(
  size: number,
  { pair, side, positionSide }: { pair: string; side: OrderSide; positionSide: PositionSide },
  { exchange, evidence }: Executor,
): Promise<number> {
  if (evidence.positionMode === "netting" || evidence.positionMode === "hedge") return size;
  const known = new Set(evidence.fills.get(canonicalPair(pair))?.value.map((fill) => `${fill.orderId} ${fill.fillId}`));
  const since = new Date(evidence.snapshot.at.getTime() + (evidence.clockAhead ?? 0) - evidence.margin);
  const fills = await exchange.fetchFills(evidence.symbols.get(canonicalPair(pair)) ?? pair, since);
  const sold = fills.filter((fill) => fill.side === side && !known.has(`${fill.orderId} ${fill.fillId}`));
  const there = heldOf(await exchange.fetchPositions(), pair, positionSide);
  return Math.max(0, Math.min(there, minus(size, plus(...sold.map((fill) => fill.size)))));
}

function heldOf(all: readonly { pair: string; side: string; size: number }[], pair: string, side: string): number {
  return plus(...all.filter((one) => sideKey(one.pair, one.side) === sideKey(pair, side)).map(({ size }) => size));
}

/** Closes an orphan of a (pair, side): its own stops are cancelled first, then as much is closed as a fresh reading still shows. */
async function closeOrphan(action: Of<"close_orphan">, by: Executor): Promise<void> {
  const { mgr, exchange, recovery, evidence } = by;
  const { pair, side } = action;
  for (const stop of action.stops) await exchange.cancelOrder(stop, symbolOf(by, pair));
  const size = Math.min(action.size, untracked(await exchange.fetchPositions(), await mgr.getPositions(), action, by));
  if (size <= 0) {
    const why = `${pair}: a fresh reading shows nothing of the ${side} ${action.size} that no flow holds, or the flows hold more now: looking again`;
    throw new ExchangeError("nothing_to_reduce", why);
  }

  const tries = triesToClose(recovery.journal, pair, side);
  // A try that has not arrived, as the plan proves or a person says, died before it was sent. It is sent now.
  const unsent = tries.find((tried) => !hasArrived(evidence, tried));
  const open = tries.find(({ id }) => evidence.orders.get(id)?.value?.status === "open");
  if (open)
    throw new ExchangeError(
      "rejected",
      `order ${open.id}, which closes ${pair} ${side}, is open: no other one is sent`,
    );
  const attempt = unsent?.attempt ?? tries.length + 1;
  if (attempt > MAX_ATTEMPTS) {
    throw new ExchangeError("rejected", `${pair} ${side} is not flat after ${MAX_ATTEMPTS} orders to close it`);
  }
  const id = unsent?.id ?? closeOrderId(mgr.flowId, recovery.id, sideKey(pair, side), attempt);
  if (!unsent) {
    const at = evidence.snapshot.at.getTime();
    await recovery.note(...orphanNote({ id, pair, side, attempt, size, at }));
  }
  const outcome = await submit(action, by, {
    clientOrderId: id,
    pair,
    side: closingSide(side),
    size,
    type: "market",
    reduceOnly: true,
    positionSide: side,
  });
  if (outcome === "flat") throw nothingToReduce(by, id);
  if (outcome.isDuplicate && unsent) await recovery.note(...orphanNote({ ...unsent, arrived: true }));
  if (outcome.otherId !== undefined) {
    throw await takenOtherwise(outcome.otherId, { id, pair, side: closingSide(side), size }, by);
  }
}

/** The size of a (pair, side) that neither the flow nor others hold. In a netted pair both sides of all the account's flows are netted first. */
function untracked(
  there: readonly ExchangePosition[],
  tracked: readonly Position[],
  { pair, side, beside }: Of<"close_orphan">,
  { evidence }: Executor,
): number {
  const held = heldOf(there, pair, side);
  if (evidence.positionMode !== "netting") return minus(held, plus(heldOf(tracked, pair, side), beside));
  const isOfPair = (one: { readonly pair: string }) => canonicalPair(one.pair) === canonicalPair(pair);
  const others = evidence.accountFlows.flatMap((flow) => (flow.readable ? flow.positions : []));
  const more = minus(
    net(there.filter(isOfPair)),
    plus(net(tracked.filter(isOfPair)), net(others.filter(isOfPair)), beside),
  );
  return Math.min(held, side === "long" ? more : -more);
}

/** Notes that an order cannot be found again by its id. From now on a person is asked before anything is sent. */
async function takenOtherwise(
  otherId: string,
  { id, side, size, pair }: Pick<PendingOrder, "id" | "side" | "size" | "pair">,
  { exchange, recovery }: Executor,
): Promise<ExchangeError> {
  const what = `${exchange.name} took order ${id} (${side} ${size} ${pair}) under another id, ${otherId}.`;
  await recovery.note(OTHER_ID, what);
  return new ExchangeError(
    "other_id",
    `${what} It cannot be found again by the flow's id. Nothing more is sent until a person has approved it`,
  );
}

/** The next look finds out how the position became flat, after a pause. */
function nothingToReduce({ exchange }: Executor, id: string): ExchangeError {
  return new ExchangeError(
    "nothing_to_reduce",
    `${exchange.name} has nothing to reduce for order ${id}: looking again`,
  );
}

/** The exchange's id of an order that it took, and its client order id if that is not the one it was given. */
interface Sent {
  readonly id?: string;
  readonly otherId?: string;
  /** The exchange had taken the order before. */
  readonly isDuplicate?: true;
}

/** Sends an order. `flat`: there was nothing to reduce. If the exchange has put another id in place of ours, nothing is sent unless a person said so. */
async function submit(action: Action, by: Executor, request: OrderRequest): Promise<Sent | "flat"> {
  const { exchange, recovery } = by;
  const other = recovery.journal.get(OTHER_ID);
  if (other !== undefined && action.needsPerson === undefined) {
    throw new ExchangeError("other_id", `${other} Nothing more is sent until a person has approved it`);
  }
  const { clientOrderId } = request;
  try {
    const taken = await exchange.createOrder(request);
    const isOther = taken.clientOrderId !== undefined && taken.clientOrderId !== clientOrderId;
    return { id: taken.id, ...(isOther && { otherId: taken.clientOrderId }) };
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    if (error.failure === "duplicate_order_id") return { isDuplicate: true }; // proves that an earlier submit arrived
    if (error.failure === "nothing_to_reduce") return "flat";
    throw error;
  }
}

async function isAsPlanned(
  mgr: StateManager,
  { positionId, version }: Of<"close_external" | "reduce_external" | "remove_dust">,
): Promise<boolean> {
  return (await mgr.getPosition(positionId))?.version === version;
}

/** Changes an order if it is still pending. */
async function changeOrder(
  mgr: StateManager,
  id: string,
  change: (order: PendingOrder) => PendingOrder,
): Promise<void> {
  const order = await mgr.getOrder(id);
  if (!order) return;
  const changed = change(order);
  if (changed !== order) await settled(() => mgr.saveOrder(changed));
}

function symbolOf({ evidence }: Executor, pair: string): string {
  return evidence.symbols.get(canonicalPair(pair)) ?? pair;
}

/** The answer of a call. If the answer was lost, the call is repeated under the same token. */
async function settled<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isUnknown<T>(error)) throw error;
    return await error.retry();
  }
}
