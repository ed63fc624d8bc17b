/** What the product tells of its state, in the accountant's words. */
import type { DayParts, StateManager, UnpricedAmount } from "../../src/index.js";
import type { AccountState, DayState, OrderState, Unpriced } from "./account-state.js";
import { exact, money, text } from "./amounts.js";

export type ProductState = AccountState;

type Fields = ReadonlyMap<string, string>;

export async function readState(manager: StateManager, at: number): Promise<ProductState> {
  const layout = await manager.exportFlow();
  const fields = (key: "flow:meta" | "risk:daily" | "risk:exposure" | "positions:dust"): Fields =>
    new Map(layout.entries[key].map(([name = "", value = ""]) => [name, value]));
  const exposure = fields("risk:exposure");
  const daily = fields("risk:daily");
  const risk = await manager.getRiskState();
  const breaker = await manager.getCircuitBreaker();
  const signals = await manager.getSignalState();
  const equity = daily.get("equity");
  const currency = fields("flow:meta").get("currency");
  return {
    at,
    ...(currency === undefined ? {} : { currency }),
    today: { day: risk.day, pnl: told(risk.dailyPnl), trades: risk.dailyTrades },
    days: [...(await pastDays(manager)), ...openDay(daily, risk.day)],
    streak: risk.consecutiveLosses,
    ...(equity === undefined || equity === "" ? {} : { equity: money(exact(equity)) }),
    peak: told(risk.peakEquity),
    drawdown: exact(risk.currentDrawdown).round(12, 1).toFixed(),
    breaker: {
      active: breaker.active,
      ...(breaker.source === undefined ? {} : { source: breaker.source }),
      ...(breaker.until === undefined ? {} : { until: breaker.until.getTime() }),
    },
    exposure: exposure.get("notional") ?? "0",
    slots: slotsOf(exposure),
    positions: await positionsOf(manager),
    orders: await ordersOf(manager),
    trades: await tradesOf(manager),
    dust: dustOf(fields("positions:dust")),
    signals: signals.recentSignalIds.toSorted(),
    cooldowns: Object.fromEntries(
      Object.entries(signals.cooldowns)
        .map(([pair, until]) => [pair, until.getTime()] as const)
        .sort(),
    ),
  };
}

/** The product tells money as doubles: their shortest decimals, which are exact below 9e7. */
function told(amount: number): string {
  return money(exact(amount));
}

async function pastDays(manager: StateManager): Promise<DayState[]> {
  const days = await manager.getDailyHistory();
  return days.map(({ day, pnl, trades, parts }) => ({ day, pnl: told(pnl), trades, parts: partsOf(parts) }));
}

/** The names of the product's parts are others. */
function partsOf({ closed, open, later, cash, untied }: DayParts): DayState["parts"] {
  return { trades: told(closed), open: told(open), later: told(later), cash: told(cash), told: told(untied) };
}

/** The parts of the day that is open are told by an export alone. */
function openDay(daily: Fields, today: string): DayState[] {
  if (daily.get("day") !== today) return [];
  const amount = (name: string) => exact(daily.get(name) ?? "0");
  const pnl = amount("daily_pnl");
  const [trades, later, cash, untied] = [amount("closed"), amount("later"), amount("cash"), amount("untied")];
  const open = [trades, later, cash, untied].reduce((rest, part) => rest.minus(part), pnl);
  const parts = { trades: text(trades), open: text(open), later: text(later), cash: text(cash), told: text(untied) };
  return [{ day: today, pnl: text(pnl), trades: Number(daily.get("daily_trades") ?? "0"), parts }];
}

function slotsOf(exposure: Fields): AccountState["slots"] {
  const pairs = new Map<string, number>();
  for (const [name, count] of exposure) {
    const [, pair] = /^(?:long|short):(.*)$/.exec(name) ?? [];
    if (pair !== undefined) pairs.set(pair, (pairs.get(pair) ?? 0) + Number(count));
  }
  return { all: Number(exposure.get("slots") ?? "0"), pairs: Object.fromEntries([...pairs].sort()) };
}

async function positionsOf(manager: StateManager): Promise<ProductState["positions"]> {
  const positions = await manager.getPositions();
  return positions.map(({ id, pair, side, size, entryPrice, entryTs, realised, fees, cash, unpriced, openedBy }) => ({
    id,
    pair,
    side,
    size,
    entryPrice,
    entryTs: entryTs.getTime(),
    realised: told(realised),
    fees: told(fees),
    cash: told(cash),
    ...unpricedOf(unpriced),
    openedBy,
  }));
}

async function ordersOf(manager: StateManager): Promise<OrderState[]> {
  const orders = await manager.getPendingOrders();
  return orders
    .map(({ id, pair, side, intent, size, price, status, filled, positionId }) => ({
      id,
      pair,
      side,
      intent,
      size,
      price,
      status,
      filled,
      ...(positionId === undefined ? {} : { positionId }),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function tradesOf(manager: StateManager): Promise<ProductState["trades"]> {
  const trades = await manager.getTrades();
  return trades.map((trade) => ({
    id: trade.id,
    pair: trade.pair,
    side: trade.side,
    size: trade.size,
    entryPrice: trade.entryPrice,
    ...(trade.exitPrice === undefined ? {} : { exitPrice: trade.exitPrice }),
    entryTs: trade.entryTs.getTime(),
    exitTs: trade.exitTs.getTime(),
    pnl: told(trade.pnl),
    fees: told(trade.fees),
    cash: told(trade.cash),
    ...(trade.currency === "" ? {} : { currency: trade.currency }),
    ...unpricedOf(trade.unpriced),
    ...(trade.rateAssumed && { rateAssumed: true }),
    ...(trade.signalId === undefined ? {} : { signalId: trade.signalId }),
    reason: trade.reason,
    ...(trade.untold === undefined ? {} : { untold: trade.untold }),
    ...(trade.dust === undefined ? {} : { dust: trade.dust }),
  }));
}

function unpricedOf(amounts: readonly UnpricedAmount[] | undefined): { unpriced?: Unpriced } {
  if (amounts === undefined) return {};
  const of = (kind: "fee" | "result") =>
    Object.fromEntries(
      amounts.filter((each) => each.kind === kind).map(({ currency, amount }) => [currency, told(amount)]),
    );
  return { unpriced: { fees: of("fee"), results: of("result") } };
}

function dustOf(stored: Fields): AccountState["dust"] {
  return Object.fromEntries(
    [...stored].map(([key, json]) => {
      const { size, cost }: { size: number; cost: string } = JSON.parse(json);
      const at = key.lastIndexOf("|");
      return [`${key.slice(0, at)} ${key.slice(at + 1)}`, { size, cost: money(exact(cost)) }];
    }),
  );
}

/** Days on which nothing was booked or counted are left out. */
function isEmpty({ pnl, trades, parts }: DayState): boolean {
  return pnl === "0" && trades === 0 && Object.values(parts).every((part) => part === "0");
}

/** Both states as they can be compared: without empty days. */
export function likeProduct(state: AccountState): AccountState {
  return { ...state, days: state.days.filter((day) => !isEmpty(day)) };
}
