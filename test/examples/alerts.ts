/**
 * A bot that tells a person by itself what wants one: here, that its circuit breaker tripped.
 *
 *     npx tsx test/examples/alerts.ts state/alerts.db hook.txt slack
 *
 * The file holds the webhook's URL, which is a secret. Run it again: the breaker is still tripped, and nothing is told anew. Reset it
 * (sf-state breaker reset --duckdb state/alerts.db) and run it once more: it tells that this is over.
 */
import { StateManager } from "signalflow-state";

const [path = "state/alerts.db", webhook_file = "hook.txt", template = "json"] = process.argv.slice(2);
const PAIR = "BTC/USDT";

await using state = await StateManager.open("alerts", {
  backend: "duckdb",
  duckdb: { path },
  risk: { max_daily_loss: 50 },
  alerts: {
    on: ["breaker"],
    webhook_file,
    template: template === "slack" || template === "discord" ? template : "json",
    file: `${path}.alerts.json`, // what was told, for the next run
  },
});

// A trade that loses more than a day may lose.
const entry = await state.admit({ signalId: "dip-1", pair: PAIR, side: "long", size: 0.1, price: 60_000 });
if (entry.admitted) {
  const { id } = entry.order;
  await state.recordFill(id, { fillId: "entry-fill", price: 60_000, size: 0.1 });
  const exit = { id: `${id}-exit`, pair: PAIR, side: "sell", size: 0.1, intent: "exit", positionId: id } as const;
  await state.saveOrder({ ...exit, reason: "sl" });
  const { trades, tripped } = await state.recordFill(exit.id, { fillId: "exit-fill", price: 59_400, size: 0.1 });
  for (const trade of trades) console.log(`made ${trade.pnl}${tripped ? ": the breaker tripped" : ""}`);
} else {
  console.log(`no entry: ${entry.reason}`);
}
// Closing sends what was not sent yet, and waits 3 s for it at most.
