import type { StateManager } from "./signalflow-state.mjs";

/** When the stored flows were made: noon of a day. The flow's clock stands still. */
export const NOON = Date.UTC(2026, 2, 5, 12);
const MINUTE = 60_000;
const DAY = 86_400_000;

const LONG = { pair: "BTC/USDT", side: "long", size: 0.5, entryPrice: 40_000 } as const;
const BUY = { pair: "ETH/USDT", side: "buy", orderType: "limit", price: 2000, size: 3 } as const;

/** The positions that the flow holds after `fill`; `fills` where one opened it. */
export const OPENED = {
  saved: "saved",
  told: "saved",
  prices: "fills",
  sold: "fills",
  "eth-btc": "fills",
  "eth-btc-saved": "saved",
  inverse: "fills",
  "inverse-short": "saved",
} as const;

/** What the flow counts in, and what one unit of what others settle in is worth: the operator's word. */
export const TOLD = { currency: ["USDT"], rate: ["BTC=60000"] } as const;

/** Something of everything that a flow of schema 3 can hold. */
export async function fill(manager: StateManager): Promise<void> {
  await manager.setRiskLimits({ max_daily_loss: 5000, max_consecutive_losses: 9, max_open_positions: 40 });
  await savePositions(manager);
  await openByFills(manager);
  await settleInBtc(manager);
  await settleInBaseCoin(manager);
  await endTrades(manager);
  await leaveDust(manager);
  await leaveOrders(manager);
  await bookDays(manager);

  for (let i = 0; i < 40; i++) await manager.markSignalProcessed(`s${i}`, "BTC/USDT");
  await manager.setCooldown("*", "10m", { reason: "news" });
  await manager.setCooldown("XRP/USDT", "1h", { side: "short" });
  await manager.triggerCircuitBreaker("by hand", { duration: "until_reset" });
  const lease = await manager.acquireLease({ ttl: "1h" });
  await lease.release();
  const recovery = await manager.beginRecovery("the exchange was away", { ttl: "1h" });
  await recovery.note("order:waiting", "asked");
  await recovery.leave();
  await manager.heartbeat();
}

/** One that no fill ever touched, one whose result was told while it is open, and one that is forgotten. */
async function savePositions(manager: StateManager): Promise<void> {
  const metadata = { name: 'a "quoted" \\ name', opened_by: "fills", rate: 2, cost: "1", tags: [] };
  await manager.savePosition({ id: "saved", ...LONG, tp: 45_000, cooldown: "5m", metadata });
  await manager.savePosition({
    id: "told",
    ...LONG,
    pair: "SOL/USDT",
    side: "short",
    size: 12.25,
    entryPrice: 150.125,
  });
  await manager.updateDailyPnl(-3.25, { tradeId: "told" });
  await manager.savePosition({ id: "forgotten", ...LONG, pair: "LTC/USDT" });
  await manager.removePosition("forgotten");
}

/** Opened at several prices, one of them partly sold and grown again: cost and result have many places. */
async function openByFills(manager: StateManager): Promise<void> {
  const entry = { side: "long", size: 10, price: 0.5, cooldown: "1h", tp: 0.6, sl: 0.4 } as const;
  const metadata = { strategy: "breakout" };
  for (const id of ["prices", "sold"]) {
    await manager.admit({ ...entry, signalId: `s-${id}`, pair: `${id.toUpperCase()}/USDT`, orderId: id, metadata });
    await manager.recordFill(id, { fillId: "f1", price: 0.4999, size: 3, fee: 0.01, ts: NOON - 5 * MINUTE });
    await manager.recordFill(id, { fillId: "f2", price: 0.510000123, size: 4, fee: 0.0123456789 });
  }
  await exit(manager, { id: "sold-exit", positionId: "sold", pair: "SOLD/USDT", side: "sell", size: 7 });
  await manager.recordFill("sold-exit", { fillId: "f3", price: 0.45, size: 2.3, fee: 0.02 });
  await manager.recordFill("sold", { fillId: "f4", price: 0.53, size: 1.1 });
}

/** A pair that settles in another currency than most. */
async function settleInBtc(manager: StateManager): Promise<void> {
  const entry = { pair: "ETH/BTC", side: "long", size: 4, price: 0.05 } as const;
  await manager.admit({ ...entry, signalId: "s-eth-btc", orderId: "eth-btc" });
  await manager.recordFill("eth-btc", { fillId: "f1", price: 0.05, size: 1, fee: 0.0001 });
  await manager.recordFill("eth-btc", { fillId: "f2", price: 0.049, size: 2 });
  await exit(manager, { id: "eth-btc-exit", positionId: "eth-btc", pair: "ETH/BTC", side: "sell", size: 3 });
  await manager.recordFill("eth-btc-exit", { fillId: "f3", price: 0.06, size: 0.5 });
  await manager.savePosition({
    id: "eth-btc-saved",
    pair: "ETH/BTC",
    side: "short",
    size: 2,
    entryPrice: 0.0512345678,
  });
  await manager.saveOrder({ id: "eth-btc-more", pair: "ETH/BTC", side: "buy", price: 0.048, size: 1.5 });
  await manager.saveOrder({ id: "eth-btc-rated", pair: "ETH/BTC", side: "buy", price: 0.047, size: 1, rate: 59_000 });
  await manager.saveOrder({ id: "eth-btc-market", pair: "ETH/BTC", side: "sell", size: 1 });
}

/** Contracts that settle in their base coin: this schema counts them as if they did not. */
async function settleInBaseCoin(manager: StateManager): Promise<void> {
  const pair = "BTC/USD:BTC";
  await manager.saveOrder({ id: "inverse", pair, side: "buy", price: 40_000, size: 10_000, status: "open" });
  await manager.recordFill("inverse", { fillId: "f1", price: 40_000, size: 4000 });
  await manager.recordFill("inverse", { fillId: "f2", price: 42_000, size: 2000, fee: 0.0001 });
  await exit(manager, { id: "inverse-exit", positionId: "inverse", pair, side: "sell", size: 3000 });
  await manager.recordFill("inverse-exit", { fillId: "f3", price: 41_000.5, size: 1 });
  await manager.savePosition({ id: "inverse-short", pair, side: "short", size: 5000, entryPrice: 39_999.5 });
}

/** By every way that a trade can end; some of them with more booked on them later. */
async function endTrades(manager: StateManager): Promise<void> {
  for (const id of ["sold-out", "removed", "closed"]) {
    const pair = `${id.toUpperCase()}/USDT`;
    await manager.saveOrder({ id, pair, side: "buy", price: 100, size: 3, reason: "breakout" });
    await manager.recordFill(id, { fillId: "f1", price: 100.25, size: 3, fee: 0.25, ts: NOON - DAY, done: true });
    await exit(manager, { id: `${id}-exit`, positionId: id, pair, side: "sell", size: 3, reason: "tp" });
  }
  await manager.recordFill("sold-out-exit", { fillId: "f2", price: 101.5, size: 3, fee: 0.25 });
  await manager.removePosition("removed", { reason: "by hand" });
  await manager.recordFill("removed-exit", { fillId: "f2", price: 99.125, size: 2, fee: 0.125 });
  await manager.closePosition("closed", { pnl: -12.345_678_91, equity: 9_900, cooldown: "2h", reason: "stop" });
  await manager.recordFill("closed-exit", { fillId: "f2", price: 96, size: 1 });

  // What was to add to it is pending when it ends: from then on it takes a slot of its own.
  await manager.saveOrder({ id: "ends", pair: "ENDS/USDT", side: "buy", price: 10, size: 1 });
  await manager.recordFill("ends", { fillId: "f1", price: 10, size: 1 });
  await manager.saveOrder({ id: "adds-late", pair: "ENDS/USDT", side: "buy", price: 9, size: 2, positionId: "ends" });
  await exit(manager, { id: "ends-exit", positionId: "ends", pair: "ENDS/USDT", side: "sell", size: 1 });
  await manager.recordFill("ends-exit", { fillId: "f2", price: 10.5, size: 1 });
}

async function leaveDust(manager: StateManager): Promise<void> {
  for (const pair of ["DUST/USDT", "ETH/USD:ETH"]) {
    const id = `dust ${pair}`;
    await manager.saveOrder({ id, pair, side: "buy", price: 100, size: 1 });
    await manager.recordFill(id, { fillId: "f1", price: 99.5, size: 1 });
    await exit(manager, { id: `${id} exit`, positionId: id, pair, side: "sell", size: 1 });
    await manager.recordFill(`${id} exit`, { fillId: "f2", price: 100, size: 0.75, done: true, dust: 0.25 });
  }
}

/** Pending ones of several statuses, and closed ones of each way to end. */
async function leaveOrders(manager: StateManager): Promise<void> {
  await manager.saveOrder({ ...BUY, id: "waiting", signalId: "s-waiting", metadata: { why: "dip", rate: 3 } });
  await manager.saveOrder({ ...BUY, id: "at-market", orderType: "market", price: null, status: "unknown" });
  await manager.saveOrder({ ...BUY, id: "adds", pair: "BTC/USDT", positionId: "saved" });
  await manager.admit({
    signalId: "s-flip",
    pair: "SOL/USDT",
    side: "long",
    size: 15,
    price: 149,
    orderId: "turns",
    flip: "told",
  });
  await manager.saveOrder({ ...BUY, id: "cancelled" });
  await manager.cancelOrder("cancelled");
  await manager.saveOrder({ ...BUY, id: "rejected" });
  await manager.saveOrder({ ...BUY, id: "rejected", status: "rejected", createdAt: NOON });
  await manager.admit({ signalId: "s-free", pair: "DOT/USDT", side: "long", size: 1, price: 7, orderId: "released" });
  await manager.cancelOrder("released", { releaseSignal: true });
}

/** The peak is no round number: 0.2 and 11,000.1 make 11000.300000000001. */
async function bookDays(manager: StateManager): Promise<void> {
  for (let day = 3; day > 0; day--) {
    await manager.updateDailyPnl(day * 1.1 - 2, { tradeId: `old-${day}`, ts: NOON - day * DAY });
  }
  await manager.updateEquity(11_000.1 + 0.2);
  await manager.updateDailyPnl(0.3, { tradeId: "today", equity: 10_123.456_789 });
}

async function exit(
  manager: StateManager,
  of: { id: string; positionId: string; pair: string; side: "buy" | "sell"; size: number; reason?: string },
): Promise<void> {
  await manager.saveOrder({ orderType: "limit", price: 0.45, intent: "exit", status: "open", ...of });
}

/** What a bot does after that, before it dies: this is in the journal only. */
export async function goOn(manager: StateManager): Promise<void> {
  await manager.endRecovery();
  await manager.resetCircuitBreaker("seen to");
  await manager.updatePosition("saved", { sl: 38_000 });
  await manager.savePosition({ id: "saved-late", ...LONG, pair: "LTC/USDT" });
  await manager.markSignalProcessed("last", "BTC/USDT");
  await manager.recordFill("waiting", { fillId: "f5", price: 1999.5, size: 1 });
  await manager.recordFill("sold-exit", { fillId: "f6", price: 0.46, size: 5.8 });
  await manager.recordFill("removed-exit", { fillId: "f3", price: 98, size: 1 });
  await manager.recordFill("eth-btc-more", { fillId: "f1", price: 0.048, size: 0.5 });
  await manager.updateEquity(10_200.000_000_1);
  await manager.removeOrder("inverse-exit");
  await manager.heartbeat();
}

const { sold: _, ...stillOpen } = OPENED;

/** The same after `goOn`. */
export const OPENED_AFTER = {
  ...stillOpen,
  "saved-late": "saved",
  waiting: "fills",
  "eth-btc-more": "fills",
} as const;

/**
 * What schema 4 makes of records of `fill`, worked out by hand at 60,000 USDT for one BTC; undefined is what it takes away. The rest of
 * `inverse` is worth 5999 / 40666.666666666664 BTC, its average exit was at 41000.5, the dust has cost 99.5 each.
 */
export const COUNTED = {
  "positions:open": {
    "eth-btc": { rate: 60_000, notional: "7400" },
    "eth-btc-saved": { rate: 60_000, notional: "6148.148136" },
    inverse: {
      rate: 60_000,
      notional: "8850.98360656",
      cost: undefined,
      proceeds: "0.00002438994646406751137181253887147718",
    },
    "inverse-short": { rate: 60_000, notional: "7500.09375117" },
  },
  "orders:pending": {
    "eth-btc": { rate: 60_000, notional: "3000" },
    "eth-btc-more": { rate: 60_000, notional: "4320" },
    "eth-btc-rated": { notional: "2773" },
    "eth-btc-market": { rate: 60_000 },
    inverse: { rate: 60_000, notional: "6000" },
  },
  "positions:dust": {
    "ETH/USD:ETH|long": { cost: "0.002512562814070351758793969849246231" },
  },
} as const;

/** The same after `goOn`. */
export const COUNTED_AFTER = {
  ...COUNTED,
  "positions:open": { ...COUNTED["positions:open"], "eth-btc-more": { rate: 60_000, notional: "1440" } },
  "orders:pending": { ...COUNTED["orders:pending"], "eth-btc-more": { rate: 60_000, notional: "2880" } },
} as const;

const CORRECT = "that stays as it was booked, and is corrected by a cash booking";

/** What an operator is told of `fill`. */
export const NOTES = [
  "PnL, limits, exposure and equity are counted in USDT",
  "position eth-btc (ETH/BTC) takes 7400 of the exposure at 60000 USDT for one BTC; it took 0.12333333",
  `position eth-btc (ETH/BTC) has booked 0.00523333 BTC as if it were USDT: ${CORRECT}`,
  "position eth-btc-saved (ETH/BTC) takes 6148.148136 of the exposure at 60000 USDT for one BTC; it took 0.10246914",
  "position inverse (BTC/USD:BTC) takes 8850.98360656 of the exposure at 60000 USDT for one BTC; it took 243959333.33333331",
  "position inverse (BTC/USD:BTC) is an inverse contract: its cost is no longer the sum of size x price, but size / entry price",
  `position inverse (BTC/USD:BTC) has booked 333.83323333 as if its contract were linear: ${CORRECT}`,
  "position inverse-short (BTC/USD:BTC) takes 7500.09375117 of the exposure at 60000 USDT for one BTC; it took 199997500",
  "order eth-btc (ETH/BTC) takes 3000 of the exposure at 60000 USDT for one BTC; it took 0.05",
  "order eth-btc-more (ETH/BTC) takes 4320 of the exposure at 60000 USDT for one BTC; it took 0.072",
  "order eth-btc-rated (ETH/BTC) takes 2773 of the exposure at 59000 USDT for one BTC; it took 0.047",
  "order inverse (BTC/USD:BTC) takes 6000 of the exposure at 60000 USDT for one BTC; it took 160000000",
  "trades that were booked as if they had settled in USDT, or as if inverse contracts were linear: 1; they stay as they were booked",
] as const;
