/**
 * A bot process: does its tasks of the plan, a few at a time, and writes down what it intends and what it is told.
 * It gets a `WorkOrder` as its argument, says "ready" when it has done its first task, goes on at the first message it gets, and sends
 * one message for each task that is done. A call that did not happen is made again, one that may have happened is asked about.
 */

import type { Config } from "../../src/config/schema.js";
import { ConnectionError, UnknownOutcomeError } from "../../src/errors.js";
import { StateManager } from "../../src/manager/state-manager.js";
import type { Metadata } from "../../src/types.js";
import { Journal } from "./journal.js";
import { COUNTER, PAIR, type Plan, type Task, tasksOf } from "./plan.js";

export interface WorkOrder {
  readonly plan: Plan;
  readonly worker: number;
  /** The task to begin with. */
  readonly from: number;
  readonly instance: string;
  readonly flowId: string;
  readonly config: Config;
  readonly journal: string;
  /** Tasks at a time. */
  readonly lanes: number;
}

/** What a task's caller is told. */
interface Told {
  readonly told: string;
  readonly tripped: boolean;
}

/** Enough for any fault that ends; a call that never succeeds is a fault of its own. */
const ATTEMPTS = 1_000;

const order: WorkOrder = JSON.parse(process.argv[2] ?? "");
const abandoned = () => process.exit(1);
process.on("disconnect", abandoned);
const manager = await insist(() => StateManager.open(order.flowId, order.config, { instanceId: order.instance }));
using journal = new Journal(order.journal, order.instance);
const tasks = tasksOf(order.plan, order.worker).entries();
for (let skipped = 0; skipped < order.from; skipped++) tasks.next();
await nextTask();
const toGoOn = new Promise((resolve) => process.once("message", resolve));
process.send?.("ready");
await toGoOn;
await Promise.all(Array.from({ length: order.lanes }, lane));
await manager.close();
process.off("disconnect", abandoned).disconnect();

async function lane(): Promise<void> {
  while (await nextTask());
}

/** False when there is none left. */
async function nextTask(): Promise<boolean> {
  const { value, done } = tasks.next();
  if (done) return false;
  const [number, task] = value;
  journal.intends(number);
  const { told, tripped } = await perform(task);
  journal.told(number, told, tripped);
  process.send?.("done");
  if (tripped) await insist(() => manager.resetCircuitBreaker("tripped once, let it trip again"));
  return true;
}

async function perform(task: Task): Promise<Told> {
  switch (task.kind) {
    case "book": {
      const options = task.tradeId === undefined ? {} : { tradeId: task.tradeId };
      const { applied, tripped } = await insist(() => manager.updateDailyPnl(Number(task.amount), options));
      return { told: applied ? "booked" : "repeated", tripped };
    }
    case "signal": {
      const won = await insist(() => manager.markSignalProcessed(task.id, PAIR));
      return plain(won ? "won" : "duplicate");
    }
    case "save": {
      const position = { id: task.id, pair: PAIR, side: "long", size: 1, entryPrice: 1 } as const;
      const { id, version } = await insist(() => manager.savePosition(position));
      return plain(`${id} ${version}`);
    }
    case "close": {
      const { closed, tripped } = await insist(() => manager.closePosition(task.id, { pnl: Number(task.amount) }));
      return { told: closed ? "closed" : "none", tripped };
    }
    case "count": {
      const next = (metadata: Metadata) => ({ metadata: { count: Number(metadata.count) + 1 } });
      const { metadata } = await insist(() => manager.updatePosition(COUNTER, (position) => next(position.metadata)));
      return plain(String(metadata.count));
    }
    case "cool": {
      const until = await insist(() => manager.setCooldown(task.pair, task.ms));
      return plain(String(until.getTime()));
    }
    case "look": {
      const { day } = await insist(() => manager.getRiskState());
      return plain(day);
    }
  }
}

function plain(told: string): Told {
  return { told, tripped: false };
}

/** Makes a call until it is answered: again when it did not happen, by its own `retry` when it may have. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  let next = call;
  for (let attempt = 1; ; attempt++) {
    try {
      return await next();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      if (error instanceof UnknownOutcomeError) next = error.retry;
      else if (!(error instanceof ConnectionError)) throw error;
    }
  }
}
