/** A bot of a flow that trades at random and as fast as it can, until its work is done: the process that `racing.test.ts` starts, and kills. */
import { ConnectionError, type Position, StateManager, UnknownOutcomeError } from "../../src/index.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { type Assignment, PAIRS } from "./race.js";

const assignment: Assignment = JSON.parse(process.argv[2] ?? "{}");
const { flowId, config, seed, steps } = assignment;
const random = seededRandom(seed, 0);

/** Asks again until it is known what became of a call; its answer, where the first copy of it brought one. */
async function known<Result>(call: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof UnknownOutcomeError) {
      await known(() => error.retry());
      return undefined;
    }
    if (error instanceof ConnectionError) return undefined;
    throw error;
  }
}

await using manager = await opened();

async function opened(): Promise<StateManager> {
  const found = await known(() => StateManager.open(flowId, config, { instanceId: `racer-${process.pid}` }));
  return found ?? opened();
}

for (let step = 0; step < steps; step++) {
  const pair = PAIRS[Math.floor(random() * PAIRS.length)] ?? PAIRS[0];
  const side = random() < 0.5 ? "long" : "short";
  const size = 1 + Math.floor(random() * 3);
  const entry = { signalId: `${process.pid}-${step}`, pair, side, size, price: 100 } as const;
  const answer = await known(() => manager.admit(entry));
  process.send?.(answer?.admitted ? "admitted" : (answer?.reason ?? "unknown"));
  if (answer?.admitted) {
    const { id } = answer.order;
    if (random() < 0.2) await known(() => manager.cancelOrder(id));
    // Always at the price of the entry: what is admitted is what is held.
    else
      await known(() => manager.recordFill(id, { fillId: "f", price: 100, size: size * (random() < 0.5 ? 1 : 0.5) }));
  }
  if (random() < 0.7) await end(await known(() => manager.getPositions()));
  if (random() < 0.2) await clear();
}

/** Ends one of the positions, mostly with a loss of cents. */
async function end(positions: readonly Position[] = []): Promise<void> {
  const position = positions[Math.floor(random() * positions.length)];
  if (!position) return;
  await known(() => manager.closePosition(position.id, { pnl: Math.round(random() * 30 - 20) / 100 }));
}

/** Cancels what other bots, which were killed, have left. */
async function clear(): Promise<void> {
  const [oldest] = (await known(() => manager.getPendingOrders())) ?? [];
  if (oldest) await known(() => manager.cancelOrder(oldest.id));
}
