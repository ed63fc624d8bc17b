import type { StateManager } from "./signalflow-state.mjs";

/** When the stored flows were made: noon of a day. The flow's clock stands still. */
export const NOON = Date.UTC(2026, 2, 5, 12);
const DAY = 86_400_000;

const LONG = { pair: "BTC/USDT", side: "long", size: 0.5, entryPrice: 40_000 } as const;
const BUY = { pair: "ETH/USDT", side: "buy", orderType: "limit", price: 2000, size: 3 } as const;

/** The positions that the flow holds after `fill`; `fills` where one was ever booked on it. */
export const OPENED = { saved: "saved", entry: "fills" } as const;

/** The same after `goOn`. */
export const OPENED_AFTER = { ...OPENED, waiting: "fills" } as const;

/** Something of everything that a flow of schema 1 can hold. */
export async function fill(manager: StateManager): Promise<void> {
  await manager.setRiskLimits({ max_daily_loss: 500, max_consecutive_losses: 5, max_open_positions: 20 });
  await manager.savePosition({ id: "saved", ...LONG, tp: 45_000, metadata: { name: 'a "quoted" \\ name', tags: [] } });
  await manager.savePosition({
    id: "short",
    ...LONG,
    pair: "SOL/USDT",
    side: "short",
    size: 12.25,
    entryPrice: 150.125,
  });

  // An entry that fills in part, and an exit that books a loss.
  const entry = {
    signalId: "s-admitted",
    pair: "ADA/USDT",
    side: "long",
    size: 10,
    price: 0.5,
    orderId: "entry",
  } as const;
  await manager.admit({ ...entry, cooldown: "1h", tp: 0.6, sl: 0.4, metadata: { strategy: "breakout" } });
  await manager.recordFill("entry", { fillId: "f1", price: 0.5, size: 4, fee: 0.01 });
  await manager.recordFill("entry", { fillId: "f2", price: 0.51, size: 2.5, fee: 0.01 });
  const [opened] = (await manager.getPositions()).filter(({ pair }) => pair === "ADA/USDT");
  await manager.saveOrder({
    ...BUY,
    id: "exit",
    pair: "ADA/USDT",
    side: "sell",
    price: 0.45,
    size: 6.5,
    intent: "exit",
    positionId: opened?.id ?? "",
  });
  await manager.recordFill("exit", { fillId: "f3", price: 0.45, size: 3, fee: 0.02 });

  await manager.saveOrder({ ...BUY, id: "waiting", signalId: "s-waiting", metadata: { why: "dip" } });
  await manager.saveOrder({ ...BUY, id: "cancelled" });
  await manager.cancelOrder("cancelled");
  await manager.closePosition("short", { pnl: -12.345_678_91, equity: 9_900, cooldown: "2h", reason: "stop" });

  for (let day = 3; day > 0; day--)
    await manager.updateDailyPnl(day * 1.1 - 2, { tradeId: `old-${day}`, ts: NOON - day * DAY });
  await manager.updateDailyPnl(0.3, { tradeId: "today", equity: 10_000 });
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

/** What a bot does after that, before it dies: this is in the journal only. */
export async function goOn(manager: StateManager): Promise<void> {
  await manager.endRecovery();
  await manager.resetCircuitBreaker("seen to");
  await manager.updatePosition("saved", { sl: 38_000 });
  await manager.markSignalProcessed("last", "BTC/USDT");
  await manager.recordFill("waiting", { fillId: "f4", price: 1999.5, size: 1 });
  await manager.removeOrder("exit");
  await manager.heartbeat();
}
