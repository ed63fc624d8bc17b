import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Config } from "../../src/config/schema.js";
import { bundle } from "../bundle.js";
import { type Outcome, readJournal } from "./journal.js";
import type { Plan } from "./plan.js";
import type { WorkOrder } from "./worker.js";

const WORKER = await bundle(new URL("./worker.ts", import.meta.url));

export interface Assignment {
  readonly plan: Plan;
  readonly flowId: string;
  /** The folder of the journals, new for each assignment. */
  readonly folder: string;
  /** Tasks that each worker has in flight at a time. */
  readonly lanes: number;
  readonly configOf: (worker: number) => Config;
}

/** What can be done to workers while they work. */
export interface Crew {
  /** Tasks done by all of them. */
  readonly done: number;
  /** Kills a worker with SIGKILL; another process takes its place and goes on after what was in flight. False when it had ended. */
  kill(worker: number): boolean;
}

/** A worker's outcomes by number of the task. */
export type Outcomes = ReadonlyMap<number, Outcome>;

/**
 * Has one process for each worker of the plan do its tasks. When each has done its first, all go on at the same moment; `disturb` is
 * called after each task.
 * Resolves to each worker's outcomes; rejects with what a worker printed when it fails.
 */
export async function work(assignment: Assignment, disturb: (crew: Crew) => void = () => {}): Promise<Outcomes[]> {
  const { plan, folder } = assignment;
  const journals = Array.from({ length: plan.workers }, (_, worker) => join(folder, `worker-${worker}.jsonl`));
  const processes: ChildProcess[] = [];
  const killed = new WeakSet<ChildProcess>();
  const crew = {
    done: 0,
    kill(worker: number) {
      const child = processes[worker];
      if (child?.exitCode !== null || child.signalCode !== null) return false;
      killed.add(child);
      return child.kill("SIGKILL");
    },
  };
  const ready = new Set<number>();
  let begin = () => {};
  const beginning = new Promise<void>((resolve) => {
    begin = resolve;
  });

  async function employ(worker: number, journal: string): Promise<void> {
    let isKilled = true;
    for (let generation = 0; isKilled; generation++) {
      const instance = `worker-${worker}.${generation}`;
      const child = start({ ...assignment, worker, instance, journal, from: nextTask(readJournal(journal)) });
      processes[worker] = child;
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
      child.on("message", (message) => {
        if (message === "ready") {
          if (ready.add(worker).size === plan.workers) begin();
          void beginning.then(() => child.connected && child.send("begin", () => {}));
        } else if (message === "done") {
          crew.done += 1;
          disturb(crew);
        }
      });
      const [code, signal] = await once(child, "close");
      isKilled = killed.has(child) && signal === "SIGKILL";
      if (code !== 0 && !isKilled) throw new Error(`${instance} ended with ${code ?? signal}:\n${output}`);
    }
  }

  try {
    await Promise.all(journals.map((journal, worker) => employ(worker, journal)));
  } finally {
    for (const child of processes) child.kill("SIGKILL");
  }
  return journals.map(readJournal);
}

function start({ configOf, folder: _, ...order }: Assignment & Omit<WorkOrder, "config">): ChildProcess {
  const workOrder: WorkOrder = { ...order, config: configOf(order.worker) };
  return fork(WORKER, [JSON.stringify(workOrder)], {
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
}

function nextTask(outcomes: Outcomes): number {
  return Math.max(-1, ...outcomes.keys()) + 1;
}
