/**
 * The smallest bot: one flow in an embedded DuckDB file.
 *
 *     npx tsx test/examples/minimal.ts state/minimal.db
 *
 * Run it twice: the second run finds the signal acted on, and the profit of the first.
 */
import { StateManager } from "signalflow-state";

const [path = "state/minimal.db"] = process.argv.slice(2);
const PAIR = "BTC/USDT";

await using state = await StateManager.open("minimal", {
  backend: "duckdb",
  duckdb: { path },
  risk: { max_daily_loss: 100, max_open_positions: 1 },
});

// May this entry go ahead? The same signal is admitted once.
const entry = await state.admit({ signalId: "crossover-1", pair: PAIR, side: "long", size: 0.5, price: 60_000 });
if (entry.admitted) {
  const { id } = entry.order;
  // Your order goes to the exchange here, with `id` as its client order id. Then tell the state what was filled.
  await state.recordFill(id, { fillId: "entry-fill", price: 60_000, size: 0.5, fee: 12 });

  const exit = { id: `${id}-exit`, pair: PAIR, side: "sell", size: 0.5, intent: "exit", positionId: id } as const;
  await state.saveOrder({ ...exit, reason: "tp" });
  const { trades } = await state.recordFill(exit.id, { fillId: "exit-fill", price: 60_100, size: 0.5, fee: 12.02 });
  for (const trade of trades) console.log(`made ${trade.pnl} after fees of ${trade.fees}`);
} else {
  console.log(`no entry: ${entry.message}`);
}

const { dailyPnl, dailyTrades } = await state.getRiskState();
console.log(`today: ${dailyPnl} in ${dailyTrades} trade`);
