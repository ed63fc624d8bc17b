import type { StateManager } from "../../src/index.js";

/** What one life of a soak does, each time under names of its own: a bit of everything that leaves something behind. */
export async function live(manager: StateManager, n: number, pair: string): Promise<void> {
  const id = `life-${n}`;
  await manager.setCooldown(`COIN${n}/USDT`, 1, { reason: "soak" });
  await manager.markSignalProcessed(`${id}-seen`, pair);
  const entry = { signalId: id, orderId: id, pair, side: "long", size: 1, price: 100 } as const;
  const { admitted } = await manager.admit({ ...entry, cooldown: 1 });
  if (!admitted) throw new Error(`life ${n} was not admitted`);
  await manager.admit({ ...entry, orderId: `${id}-again` }); // refused: it is a duplicate
  await manager.recordFill(id, { fillId: "in", price: 100, size: 1, fee: 0.1 });
  await manager.saveOrder({ id: `${id}-out`, pair, side: "sell", size: 1, intent: "exit", positionId: id });
  await manager.saveOrder({ id: `${id}-never`, pair, side: "buy", size: 1, price: 90, status: "cancelled" });
  await manager.recordFill(`${id}-out`, { fillId: "out", price: 101, size: 0.999, fee: 0.1, done: true, dust: 0.01 });
  await manager.bookCash(-0.01, { id: `${id}-funding`, kind: "funding", positionId: id });
  await manager.recordTransfer(1, { id: `${id}-in` });
  await manager.updateDailyPnl(n % 2 === 0 ? 1 : -1, { tradeId: `${id}-elsewhere` });
  await manager.savePosition({ id: `${id}-gone`, pair, side: "short", size: 1, entryPrice: 100 });
  await manager.removePosition(`${id}-gone`, { untold: n % 100 === 0, reason: "soak" });
  await manager.heartbeat();
}

/** How many changes it makes. */
export const CHANGES = 14;
