import { seededRandom } from "../../sync/demo/seeded-random.js";

/** One thing that a worker does to the flow, so chosen that its traces in the event log are told from those of every other. */
export type Task =
  /** Books an amount that no other trade has; a trade with an id may be booked by several workers, once in all. */
  | { readonly kind: "book"; readonly amount: string; readonly tradeId?: string }
  /** Tries to win a signal that all workers want. */
  | { readonly kind: "signal"; readonly id: string }
  /** Stores a position of its own. */
  | { readonly kind: "save"; readonly id: string }
  /** Tries to close a position that all workers want to close, for an amount that no other trade has. */
  | { readonly kind: "close"; readonly id: string; readonly amount: string }
  /** Adds one to the counter in the metadata of the position `COUNTER`. */
  | { readonly kind: "count" }
  | { readonly kind: "cool"; readonly pair: string; readonly ms: number }
  | { readonly kind: "look" };

/** Everything that the workers of a flow have to do follows from these numbers. */
export interface Plan {
  readonly seed: number;
  readonly workers: number;
  /** Tasks of each worker. */
  readonly tasks: number;
}

export const COUNTER = "counter";
export const PAIR = "BTC/USDT";

/** Reached by every plan of a few hundred tasks: three of four trades lose. */
export const MAX_DAILY_LOSS = 20_000;

/** The positions that all workers want to close. */
export function sharedPositions({ tasks }: Plan): string[] {
  return Array.from({ length: share(tasks, 0.1) }, (_, k) => `open-${k}`);
}

/** What one worker has to do, in its own order; the first is a signal of its own, which the others come to later. */
export function tasksOf(plan: Plan, worker: number): Task[] {
  const { seed, workers, tasks } = plan;
  const random = seededRandom(seed, worker);
  const list: Task[] = [];
  for (let k = 0; k < share(tasks, 0.25); k++) list.push({ kind: "signal", id: `signal-${k}` });
  for (const [k, id] of sharedPositions(plan).entries()) {
    list.push({ kind: "close", id, amount: amount(workers * tasks + k, seed) });
  }
  for (let k = 0; k < share(tasks, 0.05); k++) {
    list.push({ kind: "book", amount: amount((workers + 1) * tasks + k, seed), tradeId: `shared-${k}` });
  }
  while (list.length < tasks) list.push(ownTask(plan, worker, list.length, random()));
  const own = `signal-${worker}`;
  const isFirst = (task: Task) => task.kind === "signal" && task.id === own;
  return [...list.filter(isFirst), ...shuffled(list, random).filter((task) => !isFirst(task))];
}

function ownTask({ seed, tasks }: Plan, worker: number, index: number, chance: number): Task {
  const number = worker * tasks + index;
  const own = `${worker}-${index}`;
  if (chance < 0.3) return { kind: "book", amount: amount(number, seed) };
  if (chance < 0.6) return { kind: "book", amount: amount(number, seed), tradeId: `trade-${own}` };
  if (chance < 0.75) return { kind: "save", id: `position-${own}` };
  if (chance < 0.85) return { kind: "count" };
  if (chance < 0.95) return { kind: "cool", pair: `PAIR-${number % 7}`, ms: 3_600_000 + number };
  return { kind: "look" };
}

/** An amount with eight decimals, the last of them not 0, that belongs to this number only. */
function amount(number: number, seed: number): string {
  const sign = (number + seed) % 4 === 0 ? "" : "-";
  const fraction = String((number * 7_919) % 10_000_000).padStart(7, "0");
  return `${sign}${number + 1}.${fraction}${1 + (number % 9)}`;
}

function share(tasks: number, part: number): number {
  return Math.floor(tasks * part);
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const keyed = list.map((item) => ({ item, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
