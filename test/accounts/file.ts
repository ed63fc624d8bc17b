import type { Config, StateManager } from "../../src/index.js";

export function configOf(path: string) {
  return {
    backend: "duckdb",
    duckdb: { path },
    account: { name: "main", currency: "USDT", starting_equity: 1_000, max_daily_loss: 50, max_open_positions: 3 },
  } as const satisfies Config;
}

/** Leaves two slots, a loss, a limit that a call set, and a breaker. */
export async function trade(mgr: StateManager): Promise<void> {
  await mgr.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 2, entryPrice: 100 });
  await mgr.admit({ signalId: "s", pair: "ETH/USDT", side: "short", size: 1, price: 50.5 });
  await mgr.updateDailyPnl(-12.25);
  await mgr.recordTransfer(100, { id: "t" });
  await mgr.setAccountLimits({ max_exposure: 500 });
  await mgr.triggerAccountBreaker("a look", "until_reset");
}
