/**
 * A bot of which two processes run, and one trades. The other stands by, and takes over when the first is gone.
 *
 *     npx tsx test/examples/standby.ts redis://localhost:6379 my-flow alice 3
 *     npx tsx test/examples/standby.ts redis://localhost:6379 my-flow bob 3
 *
 * Kill the active one: when its lease of 3 seconds is over, the other goes on, and exits what the first left open. Stop it (SIGSTOP) for longer
 * and let it go on: its next change is a FencedError, and it stands by again. A fifth argument ends a bot after so many trades.
 */
import { setTimeout as pause } from "node:timers/promises";
import { ConnectionError, FencedError, type Lease, StateManager, UnknownOutcomeError } from "signalflow-state";

const [url = "redis://localhost:6379", flowId = "standby", name = "alice", seconds = "3", trades = "Infinity"] =
  process.argv.slice(2);
const PAIR = "BTC/USDT";
const SIZE = 0.1;
const CANDLE = 25; // ms

await using state = await StateManager.open(
  flowId,
  // single_active: every change is made under the lease, so who lost it cannot change anything any more.
  { backend: "redis", redis: { url }, risk: { max_open_positions: 1 }, execution: { single_active: true } },
  { instanceId: name },
);
let left = Number(trades);
while (left > 0) {
  say("stands by");
  try {
    const lease = await state.acquireLease({ ttl: Number(seconds) * 1_000, wait: "24h" });
    say(`is active under lease ${lease.token}`);
    lease.lost.addEventListener("abort", () => say(`lost lease ${lease.token}`));
    await exitWhatIsOpen();
    await trade(lease);
    await lease.release();
  } catch (error) {
    // Whether the last call happened or not: whoever is active next begins with what is open.
    const isPassing = error instanceof ConnectionError || error instanceof UnknownOutcomeError;
    if (!isPassing && !(error instanceof FencedError)) throw error;
    say(`${isPassing ? "is cut off" : "is fenced"}: ${error.message}`);
    await pause(CANDLE);
  }
}

async function trade(lease: Lease): Promise<void> {
  while (left > 0 && !lease.lost.aborted) {
    const candle = Math.floor(Date.now() / CANDLE);
    const entry = await state.admit({ signalId: `candle-${candle}`, pair: PAIR, side: "long", size: SIZE, price: 100 });
    if (entry.admitted) {
      // The exchange would be asked here. Ids are derived, so that whoever takes over tells nothing twice.
      await state.recordFill(entry.order.id, { fillId: "entry", price: 100, size: SIZE, fee: 0.01 });
      say(`entered ${entry.order.id}`);
      await pause(2 * CANDLE);
      await exit(entry.order.id);
      left--;
    } else if (entry.reason === "fenced") {
      throw new FencedError(entry.message);
    }
    await pause(CANDLE - (Date.now() % CANDLE));
  }
}

/** Whoever was active before may have left something open. */
async function exitWhatIsOpen(): Promise<void> {
  for (const order of await state.getPendingOrders()) if (order.intent === "entry") await state.cancelOrder(order.id);
  for (const position of await state.getPositions()) await exit(position.id);
}

async function exit(positionId: string): Promise<void> {
  const id = `${positionId}-exit`;
  if (!(await state.getOrder(id))) {
    await state.saveOrder({ id, pair: PAIR, side: "sell", size: SIZE, intent: "exit", positionId });
  }
  await state.recordFill(id, { fillId: "exit", price: 101, size: SIZE, fee: 0.01 });
  say(`exited ${positionId}`);
}

function say(what: string): void {
  console.log(`${name} ${what}`);
}
