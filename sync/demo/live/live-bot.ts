import { setTimeout as pause } from "node:timers/promises";
import type { OrderInput, PendingOrder, Position, StateManager, Trade } from "../../../src/index.js";
import { type PaperExchange, type Submission, submitAndBook } from "../../index.js";
import type { Strategies } from "../strategies.js";
import { SLOW } from "../strategy.js";
import type { LiveMarket } from "./live-market.js";
import { lasting } from "./live-rules.js";

/** How many minutes of the market a pair rests after an entry, and after an exit. */
const REST = 20;
/** How often the bot gives a heartbeat and reports equity, ms. */
const BEAT = 2_000;
/** How many past minutes the strategies get before they begin. */
const PAST = 3 * SLOW;

/** A deed of a live bot. */
export type LiveDeed =
  | { readonly did: "opened"; readonly at: Date; readonly position: Position }
  | { readonly did: "closed"; readonly at: Date; readonly trade: Trade }
  | { readonly did: "tripped"; readonly at: Date; readonly reason: string };

export interface LiveDesk {
  readonly state: StateManager;
  readonly exchange: PaperExchange;
  readonly market: LiveMarket;
  readonly strategies: Strategies;
  /** Minutes of the market in a second. */
  readonly speed: number;
  tell(deed: LiveDeed): void;
}

/** Trades the market in real time until the signal aborts: it ends after the minute that is traded. */
export async function trade(desk: LiveDesk, signal: AbortSignal): Promise<void> {
  const { state, exchange, market, strategies, speed } = desk;
  for (let i = PAST; i > 0; i--) strategies.next(market.next(Date.now() - i * lasting(1, speed)));
  let beaten = Number.NEGATIVE_INFINITY;
  let next = performance.now();
  while (!signal.aborted) {
    const minute = market.next(Date.now());
    const fees = exchange.fees;
    for (const [pair, candle] of minute.candles) await exchange.candle(pair, candle);
    if (exchange.fees !== fees || beaten === Number.NEGATIVE_INFINITY) await settle(desk);
    for (const proposal of strategies.next(minute)) {
      const entry = await state.admit({ ...proposal, orderType: "market", cooldown: lasting(REST, speed) });
      if (entry.admitted) await submit(desk, entry.order);
    }
    await protect(desk);
    if (performance.now() - beaten >= BEAT) {
      await state.updateEquity(exchange.balance);
      await state.heartbeat();
      beaten = performance.now();
    }
    next = Math.max(next + 1000 / speed, performance.now());
    await pause(next - performance.now(), undefined, { signal }).catch(() => {});
  }
  await state.heartbeat();
}

/** Books the exchange's fills, and cancels the exits of positions that are gone. */
async function settle(desk: LiveDesk): Promise<void> {
  const { state, exchange } = desk;
  const waiting = new Set((await exchange.fetchOpenOrders()).map(({ clientOrderId }) => clientOrderId));
  for (const order of await state.getPendingOrders()) if (!waiting.has(order.id)) await submit(desk, order);
  const open = new Set((await state.getPositions()).map(({ id }) => id));
  for (const { id, pair, intent, positionId = "" } of await state.getPendingOrders()) {
    if (intent === "entry" || open.has(positionId)) continue;
    await exchange.cancelOrder(id, pair);
    await state.cancelOrder(id);
  }
}

/** Places target and stop orders for every open position. */
async function protect(desk: LiveDesk): Promise<void> {
  const positions = await desk.state.getPositions();
  if (positions.length === 0) return;
  const pending = await desk.state.getPendingOrders();
  for (const position of positions) {
    for (const exit of exitsOf(position)) {
      const isThere = pending.some(
        ({ positionId, orderType }) => positionId === position.id && orderType === exit.orderType,
      );
      if (!isThere) await submit(desk, exit);
    }
  }
}

/** Each try has an id of its own, since an order that a recovery gave up is over. An exchange takes 32 letters and digits. */
const STEM = 21;

function exitsOf({ id, pair, side, size, tp, sl }: Position): OrderInput[] {
  const stem = `${id.slice(0, STEM)}${Date.now().toString(36)}`;
  const exit = { pair, side: side === "long" ? "sell" : "buy", size, intent: "exit", positionId: id } as const;
  return [
    ...(tp === undefined ? [] : [{ ...exit, id: `${stem}tp`, orderType: "limit", price: tp, reason: "tp" }]),
    ...(sl === undefined ? [] : [{ ...exit, id: `${stem}sl`, orderType: "stop", price: sl, reason: "sl" }]),
  ];
}

/** Sends an order once, books its fills, and reports what they did. */
async function submit({ state, exchange, tell }: LiveDesk, order: PendingOrder | OrderInput): Promise<Submission> {
  const sent = await submitAndBook(state, exchange, order);
  for (const { position, trades, tripped, applied } of sent.fills) {
    if (!applied) continue;
    const at = new Date();
    if (order.intent === "entry" && position) tell({ did: "opened", at, position });
    for (const trade of trades) tell({ did: "closed", at, trade });
    if (tripped) tell({ did: "tripped", at, reason: (await state.getCircuitBreaker()).reason ?? "" });
  }
  return sent;
}
