/**
 * Watches a flow from another process: tells each trade, and ends with exit code 1 when the circuit breaker trips.
 *
 *     npx tsx test/examples/watcher.ts redis://localhost:6379 my-bot
 *
 * Every change of every process comes, in order and without gaps. The bots are not asked and notice nothing.
 */
import { StateManager, type Trade } from "signalflow-state";

const [url = "redis://localhost:6379", flowId = "my-bot"] = process.argv.slice(2);

// `existing`: who watches makes no flow, and leaves its limits as they are.
await using state = await StateManager.open(flowId, { backend: "redis", redis: { url } }, { existing: true });
const { newest } = await state.getLogPlace();
console.log(`watching ${flowId}`);

for await (const event of state.watch({ after: newest })) {
  if (event.type === "fill_recorded") for (const trade of event.trades ?? []) tell(trade, event.instance);
  if (event.type === "position_closed" && event.trade) tell(event.trade, event.instance);
  const breaker = "risk" in event && event.risk?.tripped ? event.risk.breaker : undefined;
  const tripped = event.type === "breaker_tripped" ? event.breaker : breaker;
  if (tripped) {
    console.log(`BREAKER: ${tripped.reason}`);
    process.exitCode = 1;
    break;
  }
}

function tell({ pair, pnl, reason }: Trade, by: string): void {
  console.log(`${by} closed ${pair} (${reason}): ${pnl}`);
}
