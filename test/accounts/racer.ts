/** A bot of a flow that trades at random and as fast as it can, until its work is done: the process that a race starts, and kills. */
import { setTimeout as pause } from "node:timers/promises";
import { InvalidArgumentError, LockedError, StateLostError, StateManager } from "../../src/index.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { known } from "./known.js";
import { type Assignment, fillPrice, PAIRS, signalOf } from "./race.js";

const assignment: Assignment = JSON.parse(process.argv[2] ?? "{}");
const { flowId, config, instance, seed, steps } = assignment;
const random = seededRandom(seed, 0);
const abandoned = () => process.exit(1);
process.on("disconnect", abandoned);

/** As `known`; undefined where another bot was faster, and the call names what is gone. */
async function unlessGone<Result>(call: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await known(call);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return undefined;
    throw error;
  }
}

await using manager = StateManager.fromConfig(flowId, config, { instanceId: instance });
await connectAgain();

/** It may move again while this connects. */
async function connectAgain(): Promise<void> {
  for (;;) {
    await manager.close();
    try {
      await known(() => manager.connect());
      return;
    } catch (error) {
      if (!(error instanceof StateLostError) && !(error instanceof LockedError)) throw error;
      // In a cluster it is refused by name while it is on its way.
      if (error instanceof LockedError) await pause(20);
    }
  }
}

/** A whole number from 0 up to `count`. */
const upTo = (count: number) => Math.floor(random() * count);
const cents = (least: number, most: number) => Math.round(100 * least + random() * 100 * (most - least)) / 100;
function oneOf<T>(all: readonly T[]): T | undefined {
  return all[upTo(all.length)];
}

for (let step = 0; step < steps; step++) {
  try {
    await act(step);
  } catch (error) {
    // The flow moved, or another is in its place.
    if (!(error instanceof StateLostError)) throw error;
    await connectAgain();
  }
  process.send?.({ step });
}

await manager.close();
process.off("disconnect", abandoned).disconnect?.();

async function act(step: number): Promise<void> {
  await enter(step);
  if (random() < 0.6) await fill(`late-${step}`);
  if (random() < 0.7) await end(step);
  if (random() < 0.25) await cancel();
  if (random() < 0.15) await known(() => manager.updateDailyPnl(cents(-0.4, 0.3)));
  if (random() < 0.1) {
    await known(() => manager.bookCash(cents(-0.2, 0.1), { id: `${instance}-${step}`, kind: "funding" }));
  }
  if (random() < 0.1) await known(() => manager.recordTransfer(cents(1, 9), { id: `${instance}-${step}` }));
}

/** Asks for an entry; what is admitted is mostly filled at once, in part or whole. */
async function enter(step: number): Promise<void> {
  const pair = oneOf(PAIRS) ?? PAIRS[0];
  const side = random() < 0.5 ? "long" : "short";
  const [size, price] = [(1 + upTo(24)) / 8, cents(60, 140)];
  const signalId = signalOf(instance, step, size, price);
  const answer = await known(() => manager.admit({ signalId, pair, side, size, price }));
  process.send?.({ signalId, told: answer.admitted ? "admitted" : answer.reason });
  if (!answer.admitted || random() < 0.3) return;
  const { id } = answer.order;
  const part = random() < 0.5 ? size : size / 2;
  const fee = random() < 0.5 ? 0.03 : 0;
  await unlessGone(() => manager.recordFill(id, { fillId: "first", price: fillPrice(id, price), size: part, fee }));
}

/** Fills what is left of an entry that any bot has made, one that was killed meanwhile perhaps. */
async function fill(fillId: string): Promise<void> {
  const order = oneOf((await known(() => manager.getPendingOrders())).filter(({ intent }) => intent === "entry"));
  if (!order || order.price === null) return;
  const { id, price } = order;
  const size = order.size - order.filled;
  await unlessGone(() =>
    manager.recordFill(id, { fillId: `${instance}-${fillId}`, price: fillPrice(id, price), size }),
  );
}

async function cancel(): Promise<void> {
  const order = oneOf(await known(() => manager.getPendingOrders()));
  if (order) await unlessGone(() => manager.cancelOrder(order.id, { releaseSignal: random() < 0.5 }));
}

/** Ends a position, or a half of it, mostly with a small loss. Each position ends in one of two ways, whoever ends it. */
async function end(step: number): Promise<void> {
  const position = oneOf(await known(() => manager.getPositions()));
  if (!position) return;
  const { id, pair, side, size, entryPrice } = position;
  if (id.charCodeAt(id.length - 1) % 2 === 0) {
    await known(() => manager.closePosition(id, { pnl: cents(-0.5, 0.3) }));
    return;
  }
  const exit = {
    id: `exit-${instance}-${step}`,
    pair,
    side: side === "long" ? "sell" : "buy",
    intent: "exit",
  } as const;
  const part = random() < 0.5 ? size : Math.ceil(size * 8) / 16;
  const saved = await unlessGone(() =>
    manager.saveOrder({
      ...exit,
      orderType: "market",
      price: null,
      size: part,
      positionId: id,
      status: "open",
      createdAt: new Date(),
    }),
  );
  if (!saved) return;
  const price = Math.round((entryPrice + (side === "long" ? 1 : -1) * cents(-0.3, 0.2)) * 100) / 100;
  await unlessGone(() => manager.recordFill(exit.id, { fillId: "out", price, size: part }));
}
