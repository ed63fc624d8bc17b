/** A flow with something in it. */
import type { Config } from "../../src/config/schema.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { AdmissionRequest, OrderInput, PositionInput } from "../../src/types.js";
import { forEach } from "./work.js";

/** How much a flow remembers. */
export interface FlowSize {
  readonly positions: number;
  readonly orders: number;
  readonly signals: number;
  readonly trades: number;
  readonly fills: number;
  readonly cooldowns: number;
}

export const TEN: FlowSize = { positions: 10, orders: 10, signals: 10, trades: 10, fills: 10, cooldowns: 10 };
export const BIG: FlowSize = {
  positions: 10_000,
  orders: 10_000,
  signals: 100_000,
  trades: 100_000,
  fills: 100_000,
  cooldowns: 1_000,
};

/** Limits that are looked at, and never reached. */
export const RISK: NonNullable<Config["risk"]> = {
  max_daily_loss: 1e9,
  max_consecutive_losses: 1_000_000,
  max_drawdown: 0.99,
  max_daily_trades: 1_000_000_000,
  max_open_positions: 1_000_000,
  max_positions_per_pair: 1_000_000,
  max_exposure: 1e12,
};

const DAYS = 30;
const DAY_MS = 86_400_000;
const PAIRS = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "ADA/USDT", "BNB/USDT", "DOT/USDT", "LTC/USDT"];

export interface Flow {
  readonly manager: StateManager;
  /** What it was filled with. */
  readonly size: FlowSize;
  /** How many calls to make at once where time does not matter. */
  readonly width: number;
}

export function positionOf(id: string): PositionInput {
  return {
    id,
    pair: pairOf(id),
    side: "long",
    size: 0.25,
    entryPrice: 43_250.5,
    tp: 45_000,
    sl: 42_000,
    metadata: { strategy: "trend", timeframe: "1h" },
  };
}

export function orderOf(id: string): OrderInput {
  return { id, pair: pairOf(id), side: "buy", size: 0.25, price: 43_250.5 };
}

export function exitOf(id: string): OrderInput {
  return { id, pair: pairOf(id), side: "sell", size: 0.25, price: 43_251.5, intent: "exit", positionId: id };
}

export function entryOf(id: string): AdmissionRequest {
  // A pair of its own: those of the positions cool down when one is closed.
  const pair = `${pairOf(id)}:USDT`;
  return {
    signalId: id,
    orderId: id,
    pair,
    side: "long",
    size: 0.25,
    price: 43_250.5,
    tp: 45_000,
    sl: 42_000,
  };
}

/** One of a few pairs. */
export function pairOf(id: string): string {
  return PAIRS[id.charCodeAt(id.length - 1) % PAIRS.length] as string;
}

export const known = {
  position: (n: number) => `position-${n}`,
  order: (n: number) => `order-${n}`,
  signal: (n: number) => `signal-${n}`,
  trade: (n: number) => `trade-${n}`,
  fill: (n: number) => `fill-${n}`,
  cooledPair: (n: number) => `COIN${n}/USDT`,
};

/** The order that all known fills are of. */
export const FILLED = "filled-order";

/** Goes round the first `size` of some known ids, in leaps, so that neighbours in time are not neighbours in memory. */
export function wander(name: (n: number) => string, size: number): () => string {
  const names = Array.from({ length: size }, (_, n) => name(n));
  let at = 0;
  return () => {
    at = (at + 7919) % size;
    return names[at] as string;
  };
}

/** Fills an open flow, through the same calls as anybody. */
export async function fill(manager: StateManager, size: FlowSize, width: number): Promise<Flow> {
  const names = (name: (n: number) => string, count: number) => Array.from({ length: count }, (_, n) => name(n));

  await manager.heartbeat();
  await manager.updateEquity(10_000);
  for (let day = DAYS; day > 0; day--) await manager.updateDailyPnl(12.5, { ts: Date.now() - day * DAY_MS });
  await forEach(names(known.trade, size.trades), width, (tradeId) => manager.updateDailyPnl(0.5, { tradeId }));
  await forEach(names(known.signal, size.signals), width, (id) => manager.markSignalProcessed(id, pairOf(id)));
  await forEach(names(known.cooledPair, size.cooldowns), width, (pair) => manager.setCooldown(pair, "12h"));
  await fillOne(manager, names(known.fill, size.fills), width);
  await forEach(names(known.order, size.orders), width, (id) => manager.saveOrder(orderOf(id)));
  await forEach(names(known.position, size.positions), width, (id) => manager.savePosition(positionOf(id)));
  return { manager, size, width };
}

/** Fills one order, to the end, and forgets the position: what stays are the fills, and a closed order. */
async function fillOne(manager: StateManager, fills: readonly string[], width: number): Promise<void> {
  await manager.saveOrder({ ...orderOf(FILLED), size: fills.length });
  await forEach(fills, width, (fillId) => manager.recordFill(FILLED, { fillId, price: 43_250.5, size: 1 }));
  await manager.removePosition(FILLED);
}
