/** From an order in state to its booked fills: what every bot does between `admit` and the next candle. */
import { setTimeout as pause } from "node:timers/promises";
import { InvalidArgumentError } from "../src/errors.js";
import { plus, same } from "../src/exact/double.js";
import * as check from "../src/manager/check.js";
import type { StateManager } from "../src/manager/state-manager.js";
import type { FillResult, OrderInput, OrderPatch, OrderStatus, PendingOrder } from "../src/types.js";
import { changedSide } from "./plan/sides.js";
import type { Exchange, ExchangeOrder, OrderRequest } from "./port/exchange.js";
import { ExchangeError, type ExchangeFailure } from "./port/exchange-error.js";
import { type Booking, bookFills, TOLERANCE } from "./submit/book-fills.js";
import { orderRequest } from "./submit/order-request.js";
import { settled } from "./submit/settled.js";
import {
  type ResolvedSubmitOptions,
  resolveSubmitOptions,
  type Submission,
  type SubmitOptions,
} from "./submit/submission.js";
import { type Desk, timely } from "./submit/timely.js";

/** Pause between two looks at an order that is not over, ms. */
const POLL = 250;

/** How long a market order is waited for, ms. */
const MARKET_WAIT = 10_000;

/** Failures by which the exchange says that it did not take the order. */
const REFUSALS: readonly ExchangeFailure[] = ["rejected", "nothing_to_reduce", "authentication", "unsupported"];

/**
 * Sends an order of the flow under its client order id and books its fills: call `admit` for an entry, then this. `order` is the result of `admit` or
 * `saveOrder`; the state's present version of it counts. An exit that is not in state yet is saved first. Market, limit and stop orders (`orderType`); an
 * exit is reduce-only, and a market exit is not larger than what the flow holds.
 *
 * The order is sent once, whoever calls, however often. The call that finds it as `intent` makes it `submitted` in one step and sends it. Every other call
 * (a second one, another process, a restarted bot) asks the exchange for it by its id, and books what it finds. So save an exit with `status: "intent"`,
 * and call again for an open order to book what has been filled since. After a crash at any point, the next call or `recover` continues; neither sends the
 * order again. An order that may have been taken and is not found is `unknown`, and stays as `recover` expects it. The exchange's own id is kept in the
 * order's `metadata.exchange_id`.
 *
 * Rejects with an InvalidArgumentError that names the field, an ExchangeError of a reading, or an error of the state: if the order is still `intent`,
 * nothing was sent; otherwise call again. Rejects with an ExchangeError `other_id` if the exchange took the order under another id: the order stays
 * `unknown`, and a person has to look at the exchange.
 */
export async function submitAndBook(
  state: StateManager,
  exchange: Exchange,
  order: PendingOrder | OrderInput,
  options: SubmitOptions = {},
): Promise<Submission> {
  const resolved = resolveSubmitOptions(options);
  const desk = timely(exchange, resolved.timeout);
  const stored = await storedOrder(state, order);
  if (isOver(stored.status)) return asItEnded(stored, []);
  const pair = (await desk.resolvePair?.(stored.pair)) ?? stored.pair;
  const most = await mostToSend(state, desk, stored, orderRequest(stored, pair));
  const { risk } = state.config;
  const isOwn = (currency: string) => currency === risk.currency || risk.same_currency.includes(currency);
  const booking = { state, desk, pair, worth: { rates: resolved.rates, isOwn } };
  if (stored.status === "intent" && most === 0) {
    const why = `the flow holds no ${changedSide(stored)} position in ${stored.pair}: nothing was sent`;
    return reject(booking, stored, resolved, "nothing_to_reduce", why);
  }

  const { taken, isFirst } = await take(state, stored, most);
  if (isOver(taken.status)) return asItEnded(taken, []);
  const sent = isFirst ? await send(booking, taken) : {};
  if (sent.refused) {
    const { failure, message } = sent.refused;
    return reject(booking, taken, resolved, failure, message);
  }
  return follow(booking, sent.doubted ?? taken, sent, resolved);
}

/** The order in state. An exit that is not there is saved. */
async function storedOrder(state: StateManager, order: PendingOrder | OrderInput): Promise<PendingOrder> {
  const id = check.orderId("order.id", order.id);
  const [known] = await state.findOrders([id]);
  if (known) return known;
  const isNew = order.version === undefined && (order.status ?? "intent") === "intent";
  if (order.intent === "exit" && isNew) return settled(() => state.saveOrder({ ...order, status: "intent" }));
  throw new InvalidArgumentError(
    `order.id: the flow does not know order ${id}: admit an entry, or save the order with saveOrder, first. Nothing was sent`,
  );
}

/** The largest size that a flow may send: for an exit, what it holds. Throws an InvalidArgumentError that names what cannot be sent. */
async function mostToSend(
  state: StateManager,
  desk: Desk,
  order: PendingOrder,
  { reduceOnly, type }: OrderRequest,
): Promise<number> {
  const asksMode = order.flip !== undefined || (reduceOnly && type !== "market");
  const mode = asksMode ? await desk.positionMode?.() : undefined;
  if (order.flip !== undefined && (mode === "hedge" || mode === "spot")) {
    throw new InvalidArgumentError(
      `order.flip: in ${mode} mode one order does not turn a position around: close it, then enter. Nothing was sent`,
    );
  }
  // Spot has no reduce-only: more than the flow holds may be another flow's. Stops and limits may wait for later fills.
  const isCapped = reduceOnly && (type === "market" || mode === "spot");
  if (!isCapped) return Number.POSITIVE_INFINITY;
  const side = changedSide(order);
  const held = (await state.getPositions()).filter((each) => each.pair === order.pair && each.side === side);
  return plus(...held.map(({ size }) => size));
}

/** Makes an `intent` order `submitted` before it is sent: every later call knows that it may have been sent. */
async function take(state: StateManager, { id }: PendingOrder, most: number) {
  let isFirst = false;
  const taken = await change(state, id, ({ status, size }) => {
    isFirst = status === "intent";
    return isFirst ? { status: "submitted", size: Math.min(size, most) } : {};
  });
  return { taken, isFirst };
}

/** The outcome of a submit: an answer, a refusal, or neither: the order may have been taken. */
interface Sent {
  readonly answer?: ExchangeOrder;
  readonly refused?: ExchangeError;
  readonly doubt?: unknown;
  /** The order in state afterwards. */
  readonly doubted?: PendingOrder;
}

async function send({ state, desk, pair }: Booking, order: PendingOrder): Promise<Sent> {
  const { id } = order;
  let answer: ExchangeOrder;
  try {
    answer = await desk.createOrder(orderRequest(order, pair));
  } catch (error) {
    if (error instanceof ExchangeError && REFUSALS.includes(error.failure)) return { refused: error };
    const doubted = await change(state, id, ({ status }) => (status === "submitted" ? { status: "unknown" } : {}));
    if (error instanceof ExchangeError && error.failure === "other_id") throw error;
    return { doubt: error, doubted };
  }
  const theirs = answer.clientOrderId;
  if (theirs === undefined || theirs === id) return { answer };
  await change(state, id, ({ status, metadata }) => ({
    ...(status === "submitted" && { status: "unknown" }),
    metadata: { ...metadata, exchange_id: answer.id },
  }));
  throw new ExchangeError(
    "other_id",
    `${desk.name} took order ${id} as ${theirs} (its own id ${answer.id}): it cannot be found by its id. Look at the exchange and book its fills with recordFill; it is not sent again`,
  );
}

/** Looks at the order and books what it finds, until the order or the time is over. */
async function follow(
  booking: Booking,
  taken: PendingOrder,
  { answer, doubt }: Sent,
  options: ResolvedSubmitOptions,
): Promise<Submission> {
  const { state, desk, pair } = booking;
  const until = performance.now() + (options.wait ?? (taken.orderType === "market" ? MARKET_WAIT : 0));
  const fills: FillResult[] = [];
  let order = taken;
  let known = answer;
  for (;;) {
    let lacking: string | undefined;
    let error: unknown = doubt;
    try {
      known ??= await find(desk, order, pair);
      if (known === undefined) lacking = notFound(desk, order);
      else {
        lacking = otherThan(order, known);
        if (lacking === undefined) {
          order = await tell(state, order, known);
          const booked = await bookFills(booking, order, known);
          fills.push(...booked.fills);
          lacking = booked.lacking;
        }
      }
    } catch (failed) {
      // The order may be at the exchange: what cannot be read or booked now is left to the next look.
      if (!(failed instanceof ExchangeError || failed instanceof InvalidArgumentError)) throw failed;
      lacking = failed.message;
      error = failed;
    }
    order = (await state.findOrders([order.id]))[0] ?? order;
    if (lacking === undefined && known !== undefined && known.status !== "open") {
      return end(booking, order, known, fills, options);
    }
    if (performance.now() >= until) {
      if (lacking === undefined) return { outcome: order.filled > 0 ? "partially_filled" : "open", order, fills };
      return { outcome: "unknown", order, fills, why: lacking, ...(error !== undefined && { error }) };
    }
    await pause(Math.min(POLL, Math.max(0, until - performance.now())));
    known = undefined;
  }
}

/** Finds the order by its client order id or, if the exchange has forgotten that, by the exchange's own id. */
async function find(desk: Desk, { id, metadata }: PendingOrder, pair: string): Promise<ExchangeOrder | undefined> {
  const found = await desk.fetchOrder(id, pair);
  const theirs = metadata?.exchange_id;
  if (found !== undefined || typeof theirs !== "string") return found;
  const byTheirs = await desk.fetchOrderById?.(theirs, pair);
  return (byTheirs?.clientOrderId ?? id) === id ? byTheirs : undefined;
}

function notFound({ name }: Desk, { id, status }: PendingOrder): string {
  return `${name} does not know order ${id}, which is ${status} in state: it may have been sent, and only an order that is intent is sent`;
}

/** How the exchange's order under this id differs from this one; undefined if it is the same. */
function otherThan(order: PendingOrder, known: ExchangeOrder): string | undefined {
  if (known.side === order.side) return undefined;
  return `the exchange has a ${known.side} order under the id ${order.id}, which is a ${order.side} here: look at the exchange`;
}

/** Writes the exchange's answer about an order, except for its fills, which are booked one by one. */
function tell(state: StateManager, { id }: PendingOrder, known: ExchangeOrder): Promise<PendingOrder> {
  const isOpen = known.status === "open";
  return change(state, id, ({ status, size, filled, price, orderType, metadata }) => ({
    ...(isOpen && PENDING.includes(status) && { status: "open" }),
    ...(isOpen && known.size > 0 && known.size !== size && known.size >= filled && { size: known.size }),
    ...(isOpen && orderType !== "market" && known.price !== null && known.price !== price && { price: known.price }),
    ...(metadata?.exchange_id !== known.id && { metadata: { ...metadata, exchange_id: known.id } }),
  }));
}

/** Statuses under which nobody has confirmed yet that the exchange has the order. */
const PENDING: readonly OrderStatus[] = ["intent", "submitted", "unknown"];

/** The order is over at the exchange and all its fills are booked: ends it in state. */
async function end(
  booking: Booking,
  order: PendingOrder,
  known: ExchangeOrder,
  fills: readonly FillResult[],
  options: ResolvedSubmitOptions,
): Promise<Submission> {
  const { state, desk } = booking;
  if (known.status === "rejected" && order.filled === 0) {
    return reject(booking, order, options, "rejected", `${desk.name} rejected order ${order.id}`);
  }
  if (!isOver(order.status)) {
    await settled(() => state.cancelOrder(order.id, { releaseSignal: options.releaseSignal }));
  }
  const now = (await state.findOrders([order.id]))[0] ?? order;
  const isFilled = known.status === "filled" && same(now.filled, known.filled, TOLERANCE);
  return isFilled ? { outcome: "filled", order: now, fills } : asItEnded(now, fills);
}

async function reject(
  { state }: Booking,
  order: PendingOrder,
  { releaseSignal }: ResolvedSubmitOptions,
  failure: ExchangeFailure,
  why: string,
): Promise<Submission> {
  if (releaseSignal) await settled(() => state.cancelOrder(order.id, { releaseSignal }));
  else await change(state, order.id, () => ({ status: "rejected" }));
  const now = (await state.findOrders([order.id]))[0] ?? order;
  return { outcome: "rejected", order: now, fills: [], failure, why };
}

function isOver(status: OrderStatus): boolean {
  return status === "filled" || status === "cancelled" || status === "rejected";
}

function asItEnded(order: PendingOrder, fills: readonly FillResult[]): Submission {
  if (order.status === "rejected") {
    return { outcome: "rejected", order, fills, why: `order ${order.id} was rejected before` };
  }
  return { outcome: order.status === "filled" ? "filled" : "cancelled", order, fills };
}

/** Changes a pending order. If somebody has ended it meanwhile, returns it as it ended. */
async function change(
  state: StateManager,
  id: string,
  patch: (order: PendingOrder) => OrderPatch,
): Promise<PendingOrder> {
  try {
    return await settled(() => state.updateOrder(id, patch));
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const [now] = await state.findOrders([id]);
    if (now === undefined || !isOver(now.status)) throw error;
    return now;
  }
}
