/**
 * One of many bots that share a flow on Redis. Start as many as you like at once:
 *
 *     npx tsx test/examples/fleet.ts redis://localhost:6379 alice & npx tsx test/examples/fleet.ts redis://localhost:6379 bob
 *
 * All of them see the same signals. Each signal is won by one bot, and together they never hold more than two positions.
 */
import { StateManager } from "signalflow-state";

const [url = "redis://localhost:6379", name = `bot-${process.pid}`, flowId = "fleet"] = process.argv.slice(2);
const SIGNALS = 12;

await using state = await StateManager.open(
  flowId,
  { backend: "redis", redis: { url }, risk: { max_open_positions: 2 } },
  { instanceId: name },
);

const won: number[] = [];
for (let signal = 1; signal <= SIGNALS; ) {
  const entry = await state.admit({
    signalId: `signal-${signal}`,
    pair: `COIN${signal}/USDT`,
    side: "long",
    size: 1,
    price: 100,
  });
  // Both slots are taken: a refusal uses no signal up, so ask again.
  if (!entry.admitted && entry.reason === "max_open_positions") continue;
  if (entry.admitted) {
    won.push(signal);
    await trade(entry.order.id, entry.order.pair);
  }
  signal++; // won, or another bot won it: `duplicate_signal`
}
console.log(`${name} won ${JSON.stringify(won)}`);

/** Enters at 100 and exits at 101. The ids of fills are the exchange's own. */
async function trade(id: string, pair: string): Promise<void> {
  await state.recordFill(id, { fillId: "entry-fill", price: 100, size: 1 });
  await state.heartbeat();
  await state.saveOrder({ id: `${id}-exit`, pair, side: "sell", size: 1, intent: "exit", positionId: id });
  await state.recordFill(`${id}-exit`, { fillId: "exit-fill", price: 101, size: 1 });
}
