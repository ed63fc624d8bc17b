/**
 * Two bots on one exchange account: each has its own flow, and both obey the account's limits and its kill switch.
 *
 *     npx tsx test/examples/account.ts redis://localhost:6379
 */
import { type Admission, type Config, StateManager } from "signalflow-state";

const [url = "redis://localhost:6379", account = "main"] = process.argv.slice(2);

const config: Config = {
  backend: "redis",
  redis: { url },
  risk: { currency: "USDT", max_open_positions: 2 }, // of each flow
  account: { name: account, max_open_positions: 3, breaker_duration: "until_reset" }, // of both together
};
await using trend = await StateManager.open(`${account}-trend`, config);
await using grid = await StateManager.open(`${account}-grid`, config);

await enter(trend, "trend-1");
await enter(trend, "trend-2");
await enter(grid, "grid-1");
await enter(grid, "grid-2"); // grid has room, the account has not

// The kill switch. From a terminal: sf-state breaker trip "exchange is odd" --account main
await trend.triggerAccountBreaker("exchange is odd");
await enter(grid, "grid-3");

// Exits always work.
const [position] = await grid.getPositions();
if (position) {
  const { closed, trade } = await grid.closePosition(position.id, { pnl: -5, reason: "manual" });
  console.log(`exit: ${closed ? "closed" : "was closed before"}, ${trade?.pnl}`);
}

await grid.resetAccountBreaker("looked into it");
await enter(grid, "grid-4");

const status = await grid.getAccount();
console.log(`${account}: ${status?.slots} positions, today ${status?.dailyPnl}`);

async function enter(bot: StateManager, signalId: string): Promise<void> {
  const entry: Admission = await bot.admit({ signalId, pair: "BTC/USDT", side: "long", size: 1, price: 100 });
  if (entry.admitted) await bot.recordFill(entry.order.id, { fillId: `${signalId}-fill`, price: 100, size: 1 });
  console.log(`${signalId}: ${entry.admitted ? "in" : entry.reason}`);
}
