/** Arguments of operations, as the manager would give them. */
import { decimalOf } from "../../src/exact/money.js";
import type { admit } from "../../src/operations/admit.js";
import type { closePosition } from "../../src/operations/close-position.js";
import type { markSignalProcessed } from "../../src/operations/mark-signal-processed.js";
import type { Operation } from "../../src/operations/operation.js";
import type { removePosition } from "../../src/operations/remove-position.js";
import type { saveOrder } from "../../src/operations/save-order.js";
import type { savePosition } from "../../src/operations/save-position.js";
import type { updateDailyPnl } from "../../src/operations/update-daily-pnl.js";

export type ArgsOf<Some> = Some extends Operation<infer Args, unknown> ? Args : never;

export const SNAPSHOT = { dayStart: 0, dedupWindow: 86_400_000 } as const;
export const POLICY = { dayStart: 0, breakerDuration: 3_600_000 } as const;
/** What the end of a position needs. */
export const ENDING = { ...POLICY, maxTrades: 100_000 } as const;

type Position = ArgsOf<typeof savePosition>;

export function position(id: string, more: Partial<Position> = {}): Position {
  return {
    id,
    pair: "BTC/USDT",
    side: "long",
    size: 0.5,
    entryPrice: 40_000,
    entryTs: undefined,
    tp: null,
    sl: null,
    cooldown: null,
    rate: undefined,
    metadata: "{}",
    ...more,
  };
}

type Order = ArgsOf<typeof saveOrder>;

export function order(id: string, more: Partial<Order> = {}): Order {
  return {
    id,
    pair: "BTC/USDT",
    side: "buy",
    orderType: "limit",
    price: 40_000,
    size: 0.5,
    status: "open",
    createdAt: undefined,
    filled: 0,
    intent: "entry",
    positionId: undefined,
    signalId: undefined,
    tp: null,
    sl: null,
    cooldown: null,
    metadata: undefined,
    reason: "",
    rate: undefined,
    flip: undefined,
    ...more,
  };
}

export function signal(signalId: string, maxIds = 100_000): ArgsOf<typeof markSignalProcessed> {
  return { signalId, pair: "BTC/USDT", ts: undefined, dedupWindow: 86_400_000, maxIds };
}

/** `pnl` in units of 1e-8. */
export function trade(tradeId: string, pnl: bigint): ArgsOf<typeof updateDailyPnl> {
  return {
    ...POLICY,
    tradeId,
    pnl: decimalOf(pnl),
    ts: undefined,
    equity: undefined,
    currency: undefined,
    rate: undefined,
  };
}

export function removal(id: string): ArgsOf<typeof removePosition> {
  return { ...ENDING, id, reason: "", untold: false };
}

/** `pnl` in units of 1e-8. */
export function closing(id: string, pnl: bigint): ArgsOf<typeof closePosition> {
  const none = { ts: undefined, equity: undefined, dust: undefined, currency: undefined, rate: undefined };
  return { ...ENDING, ...none, id, pnl: decimalOf(pnl), cooldown: 60_000, reason: "take profit" };
}

export function entry(signalId: string): ArgsOf<typeof admit> {
  return {
    signalId,
    pair: "BTC/USDT",
    side: "long",
    size: 1,
    price: 100,
    orderId: signalId,
    orderType: "limit",
    cooldown: null,
    tp: null,
    sl: null,
    metadata: null,
    dayStart: 0,
    dedupWindow: 86_400_000,
    maxIds: 100_000,
    derived: true,
    positionId: undefined,
    flip: undefined,
    reason: "",
    rate: undefined,
    oppositeSide: "allow",
  };
}
