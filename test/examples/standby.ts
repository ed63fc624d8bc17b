/**
 * A bot of which two processes run, and one trades. The other stands by, and takes over when the first is gone.
 *
 *     tsx test/examples/standby.ts redis://localhost:6379 my-flow alice 3
 *     tsx test/examples/standby.ts redis://localhost:6379 my-flow bob 3
 *
 * Kill the active one: within its lease's ttl the other goes on, with the position that the first left open. Stop it (SIGSTOP) for longer
 * than that and let it go on: its next change is a FencedError, and it stands by again.
 */
import { setTimeout as pause } from "node:timers/promises";
import { ConnectionError, FencedError, type Lease, StateManager, UnknownOutcomeError } from "../../src/index.js";

const [url = "redis://localhost:6379", flowId = "standby", name = `bot-${process.pid}`, seconds = "3"] =
  process.argv.slice(2);
const ttl = Number(seconds) * 1_000;
const PAIR = "BTC/USDT";
const SIZE = 0.1;

/** ms */
const CANDLE = 25;
const HOLD = 50;

await using state = await StateManager.open(
  flowId,
  {
    backend: "redis",
    redis: { url },
    risk: { max_open_positions: 1 },
    // Every change is made under the lease: who lost it cannot change anything any more.
    execution: { single_active: true },
  },
  { instanceId: name },
);

for (;;) {
  say("stands by");
  try {
    const lease = await state.acquireLease({ ttl, wait: "24h" });
    say(`is active under lease ${lease.token}`);
    lease.lost.addEventListener("abort", () => say(`lost lease ${lease.token}`));
    await exitWhatIsOpen();
    await trade(lease);
  } catch (error) {
    if (error instanceof FencedError) say(`is fenced: ${error.message}`);
    // Whether the last call happened or not: whoever is active next begins with what is open.
    else if (error instanceof ConnectionError || error instanceof UnknownOutcomeError)
      say(`is cut off: ${error.message}`);
    else throw error;
    await pause(CANDLE);
  }
}

/** Acts on one signal after the other while the lease is held. */
async function trade(lease: Lease): Promise<void> {
  while (!lease.lost.aborted) {
    const candle = Math.floor(Date.now() / CANDLE);
    const entry = await state.admit({ signalId: `candle-${candle}`, pair: PAIR, side: "long", size: SIZE, price: 100 });
    if (entry.admitted) {
      // The exchange would be asked here. Ids are derived, so that whoever takes over tells nothing twice.
      await state.recordFill(entry.order.id, { fillId: "entry", price: 100, size: SIZE, fee: 0.01 });
      say(`entered ${entry.order.id}`);
      await pause(HOLD);
      await exit(entry.order.id);
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
