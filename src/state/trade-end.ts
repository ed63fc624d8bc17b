/**
 * The end of a position, by any operation (src/manager/README.md, Trades): its trade is written, counted and judged, its pair cools down, entries that
 * named it take slots of their own, and exits that named it are reported. Lua twin: `lua/shared/trade_end.lua`.
 */
import { parseDecimal } from "../exact/decimal.js";
import { exceeds } from "../exact/size.js";
import { orderWith } from "../records/generated/order.js";
import type { OrderRow } from "../records/order.js";
import type { PositionRow } from "../records/position.js";
import type { TradeRow } from "../records/trade.js";
import type { TradeEnding } from "../words/word-lists.js";
import { currencyOf, marketStored } from "./currency.js";
import { positionNamed } from "./exposure.js";
import type { FlowState } from "./flow-state.js";
import { rememberForGuards } from "./guards.js";
import { exitPriceOf, moneyOf } from "./holding.js";
import { remember, remembers } from "./memory.js";
import { isDone } from "./order-status.js";
import { compareBytes, inOrder } from "./ranking.js";
import type { CountedTrade } from "./risk.js";
import { hasResult } from "./unpriced.js";

/** Fills can explain the end of a position for seven days. The ids of the newest 100,000 are remembered. */
export const ENDED_MEMORY = { window: 7 * 86_400_000, max: 100_000 } as const;

export interface Ending {
  readonly how: TradeEnding;
  /** ms; undefined: now. */
  readonly ts: number | undefined;
  readonly reason: string;
  /** Cooldown of the pair, ms; undefined: the position's own. */
  readonly cooldown?: number | undefined;
  /** Size whose result nobody told. */
  readonly untold?: number;
  /** Size of the rest that cannot be sold. */
  readonly dust?: number;
  /** Size that ended without a fill. */
  readonly unexplained?: number;
  readonly exitAsked?: number | null;
  /** The order whose fill ended the position, as it is after the fill. */
  readonly order?: OrderRow;
}

/** What the end of a position changes, decided but not yet written. */
export interface EndedPosition {
  readonly trade: TradeRow;
  readonly counted: CountedTrade;
  /** Pending entries that named it, as they will be stored. */
  readonly rests: readonly OrderRow[];
  /** Pending exits that named it: the bot has to cancel them. */
  readonly exitsLeft: readonly OrderRow[];
  /** ms; 0: the pair does not cool down. */
  readonly coolUntil: number;
}

/** Decides the end of a position whose result is final. `before`: how many others end before it in the same step. */
export function decideEnd(
  state: FlowState,
  position: PositionRow,
  ending: Ending,
  now: number,
  before = 0,
): EndedPosition {
  const { how, ts, reason, untold = 0, dust = 0, unexplained = 0, order } = ending;
  const at = ts ?? now;
  const cooldown = ending.cooldown ?? position.cooldown;
  const isTold = position.told !== null;
  const naming = ordersNaming(state, position.id, order);
  const market = marketStored(state, position.pair);
  return {
    trade: {
      key: state.closedTrades.nextKey(now, before),
      id: position.id,
      pair: position.pair,
      side: position.side,
      size: position.entered ?? position.size,
      entry_price: position.entry_price,
      exit_price: exitPriceOf(market, position),
      entry_ts: position.entry_ts,
      exit_ts: at,
      pnl: position.realised,
      fees: moneyOf(parseDecimal(position.fees)),
      cash: moneyOf(parseDecimal(position.cash)),
      currency: currencyOf(state) || (market.coins?.settle ?? ""),
      signal_id: position.signal_id,
      reason,
      entry_instance: position.entry_instance,
      untold: untold > 0 ? untold : null,
      dust: dust > 0 ? dust : null,
      entry_asked: position.entry_asked,
      exit_asked: ending.exitAsked ?? null,
      ending: how,
      unexplained: unexplained > 0 ? unexplained : null,
      told: isTold || how === "closed" ? 1 : null,
      forgotten: null,
      unpriced: position.unpriced,
      rate: position.rate,
      rate_assumed: position.rate_assumed,
      metadata: position.metadata,
    },
    counted: {
      result: position.realised,
      ts,
      ends: true,
      counts: !isTold,
      judges: !isTold && untold === 0 && !hasResult(position.unpriced),
    },
    rests: naming.filter(({ intent }) => intent === "entry").map((each) => orderWith(each, { slot: 1 })),
    exitsLeft: naming.filter(({ intent }) => intent === "exit"),
    coolUntil: cooldown === null ? 0 : at + cooldown,
  };
}

/** The end of a position that was merely saved: there is no trade; fills that name it explain it. */
export function forgottenEnd(state: FlowState, position: PositionRow, now: number): EndedPosition {
  const end = decideEnd(
    state,
    position,
    { how: "removed", ts: undefined, reason: "removed", unexplained: position.size },
    now,
  );
  return { ...end, trade: { ...end.trade, told: 1, forgotten: 1 } };
}

export function writeEnd(
  state: FlowState,
  { trade, rests }: EndedPosition,
  { maxTrades, now }: { readonly maxTrades: number; readonly now: number },
): void {
  state.positions.delete(trade.id);
  for (const rest of rests) state.orders.set(rest.id, rest);
  state.closedTrades.append(trade, maxTrades);
  remember(state.ended, trade.id, now, Number.POSITIVE_INFINITY, ENDED_MEMORY.max, msOf(trade.key));
  rememberForGuards(state, trade, now);
}

/** The newest trade of a position that ended within the last seven days; undefined if there is none, or if it is not kept any more. */
export function endedTrade(state: FlowState, id: string, now: number): TradeRow | undefined {
  return remembers(state.ended, id, now, ENDED_MEMORY.window) ? newestTrade(state, id) : undefined;
}

/** The same, however long ago it ended. */
export function newestTrade(state: FlowState, id: string): TradeRow | undefined {
  return state.closedTrades
    .of(state.ended.get(id) ?? 0)
    .filter((trade) => trade.id === id)
    .pop();
}

/** Pending orders that name a position, by id; `order` replaces the stored one of its id. */
export function ordersNaming(state: FlowState, positionId: string, order?: OrderRow): OrderRow[] {
  const orders: OrderRow[] = [];
  for (const id of state.ordersByPosition.of(positionId)) {
    const each = id === order?.id ? order : state.orders.get(id);
    if (each && positionNamed(each) === positionId && !isDone(each.status)) orders.push(each);
  }
  return inOrder(orders, (a, b) => compareBytes(a.id, b.id));
}

/** Whether the rest of a position is at most `dust`, and no other exit of it is pending than `order`, which is done. */
export function isDust(state: FlowState, position: PositionRow, dust: number, order: OrderRow): boolean {
  if (exceeds(position.size, dust)) return false;
  return !ordersNaming(state, position.id, order).some(({ intent }) => intent === "exit");
}

function msOf(key: string): number {
  return Number(key.slice(0, key.indexOf("-")));
}
