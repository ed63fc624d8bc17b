import type { StateManager } from "./signalflow-state.mjs";

/** When the stored flows were made: noon of a day. The flow's clock stands still. */
export const NOON = Date.UTC(2026, 2, 5, 12);
const MINUTE = 60_000;
const DAY = 86_400_000;

const LONG = { pair: "BTC/USDT", side: "long", size: 0.5, entryPrice: 40_000 } as const;
const BUY = { pair: "ETH/USDT", side: "buy", orderType: "limit", price: 2000, size: 3 } as const;

/** The positions that the flow holds after `fill`; `fills` where one was ever booked on it. */
export const OPENED = {
  saved: "saved",
  "saved-short": "saved",
  reduced: "fills",
  "one-price": "fills",
  prices: "fills",
  sold: "fills",
  regrown: "fills",
} as const;

/** Something of everything that a flow of schema 2 can hold. */
export async function fill(manager: StateManager): Promise<void> {
  await manager.setRiskLimits({ max_daily_loss: 5000, max_consecutive_losses: 9, max_open_positions: 25 });
  await savePositions(manager);
  await openByFills(manager);
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

/** Two that no fill ever touched, one that an exit has made smaller, and one that is closed. */
async function savePositions(manager: StateManager): Promise<void> {
  const metadata = { name: 'a "quoted" \\ name', opened_by: "fills", last_fill_ts: 1, tags: [] };
  await manager.savePosition({ id: "saved", ...LONG, tp: 45_000, cooldown: "5m", metadata });
  await manager.savePosition({ id: "saved-short", ...LONG, side: "short" });
  await manager.updatePosition("saved-short", { sl: 42_000, size: 0.75 });
  await manager.savePosition({ id: "reduced", ...LONG, pair: "SOL/USDT", side: "short", size: 12.25 });
  await exit(manager, "reduced-exit", { positionId: "reduced", pair: "SOL/USDT", side: "buy", size: 12.25 });
  await manager.recordFill("reduced-exit", { fillId: "r1", price: 39_990.5, size: 2.25, fee: 0.5 });
  await manager.savePosition({ id: "closed", ...LONG, pair: "XRP/USDT" });
  await manager.closePosition("closed", { pnl: -12.345_678_91, equity: 9_900, cooldown: "2h", reason: "stop" });
}

/** Opened at one price, at several, partly sold, and grown again after that. */
async function openByFills(manager: StateManager): Promise<void> {
  const entry = { side: "long", size: 10, price: 0.5, cooldown: "1h", tp: 0.6, sl: 0.4 } as const;
  const metadata = { strategy: "breakout" };
  for (const id of ["one-price", "prices", "sold", "regrown"]) {
    await manager.admit({ ...entry, signalId: `s-${id}`, pair: `${id.toUpperCase()}/USDT`, orderId: id, metadata });
  }
  await manager.recordFill("one-price", { fillId: "f1", price: 0.5, size: 10, fee: 0.01 });
  for (const id of ["prices", "sold", "regrown"]) {
    await manager.recordFill(id, { fillId: "f1", price: 0.5, size: 4, fee: 0.01, ts: NOON - 5 * MINUTE });
    await manager.recordFill(id, { fillId: "f2", price: 0.51, size: 2.5, fee: 0.01 });
  }
  for (const id of ["sold", "regrown"]) {
    const pair = `${id.toUpperCase()}/USDT`;
    await exit(manager, `${id}-exit`, { positionId: id, pair, side: "sell", size: 6.5 });
    await manager.recordFill(`${id}-exit`, { fillId: "f3", price: 0.45, size: 3, fee: 0.02 });
  }
  await manager.recordFill("regrown", { fillId: "f4", price: 0.53, size: 1.1 });
}

async function exit(
  manager: StateManager,
  id: string,
  of: { positionId: string; pair: string; side: "buy" | "sell"; size: number },
): Promise<void> {
  await manager.saveOrder({ id, orderType: "limit", price: 0.45, intent: "exit", status: "open", ...of });
}

/** Pending ones of several statuses, and closed ones of each way to end. */
async function leaveOrders(manager: StateManager): Promise<void> {
  await manager.saveOrder({ ...BUY, id: "waiting", signalId: "s-waiting", metadata: { why: "dip" } });
  await manager.saveOrder({ ...BUY, id: "at-market", orderType: "market", price: null, status: "unknown" });
  await manager.saveOrder({ ...BUY, id: "adds", pair: "BTC/USDT", positionId: "saved" });
  await manager.saveOrder({ ...BUY, id: "cancelled" });
  await manager.cancelOrder("cancelled");
  await manager.saveOrder({ ...BUY, id: "rejected" });
  await manager.saveOrder({ ...BUY, id: "rejected", status: "rejected" });
  await manager.admit({ signalId: "s-free", pair: "DOT/USDT", side: "long", size: 1, price: 7, orderId: "released" });
  await manager.cancelOrder("released", { releaseSignal: true });
}

async function bookDays(manager: StateManager): Promise<void> {
  for (let day = 3; day > 0; day--) {
    await manager.updateDailyPnl(day * 1.1 - 2, { tradeId: `old-${day}`, ts: NOON - day * DAY });
  }
  await manager.updateDailyPnl(0.3, { tradeId: "today", equity: 10_000 });
}

/** What a bot does after that, before it dies: this is in the journal only. */
export async function goOn(manager: StateManager): Promise<void> {
  await manager.endRecovery();
  await manager.resetCircuitBreaker("seen to");
  await manager.updatePosition("saved", { sl: 38_000 });
  await manager.savePosition({ id: "saved-late", ...LONG, pair: "LTC/USDT" });
  await manager.markSignalProcessed("last", "BTC/USDT");
  await manager.recordFill("waiting", { fillId: "f5", price: 1999.5, size: 1 });
  await manager.recordFill("sold-exit", { fillId: "f6", price: 0.46, size: 3.5 });
  await manager.removeOrder("reduced-exit");
  await manager.heartbeat();
}

const { sold: _, ...stillOpen } = OPENED;

/** The same after `goOn`. */
export const OPENED_AFTER = { ...stillOpen, "saved-late": "saved", waiting: "fills" } as const;
