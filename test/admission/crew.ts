import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "../../src/config/schema.js";
import { type Call, readJournal } from "./journal.js";
import type { AdmissionPlan } from "./plan.js";
import type { WorkOrder } from "./worker.js";

const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url));

export interface Assignment {
  readonly plan: AdmissionPlan;
  readonly flowId: string;
  /** The folder of the journals, new for each assignment. */
  readonly folder: string;
  readonly lanes: number;
  readonly configOf: (worker: number) => Config;
}

/** Workers that are not done by then hang, ms. */
const DEADLINE = 600_000;

/** Kills a worker with SIGKILL; another process takes its place. False when it had ended. */
export type Kill = (worker: number) => boolean;

/**
 * Has one process for each worker of the plan go through the signals. All begin at the same moment; `offered` is called after each
 * signal that was offered to a worker. Resolves to every call that was made; rejects with what a worker printed when it fails.
 */
export async function trade(assignment: Assignment, offered: (kill: Kill) => void): Promise<Call[]> {
  const { plan, folder } = assignment;
  const journals = Array.from({ length: plan.workers }, (_, worker) => join(folder, `worker-${worker}.jsonl`));
  const processes: ChildProcess[] = [];
  const killed = new WeakSet<ChildProcess>();
  const ready = new Set<number>();
  let begin = () => {};
  const beginning = new Promise<void>((resolve) => {
    begin = resolve;
  });

  function kill(worker: number): boolean {
    const child = processes[worker];
    if (child?.exitCode !== null || child.signalCode !== null) return false;
    killed.add(child);
    return child.kill("SIGKILL");
  }

  async function employ(worker: number, journal: string): Promise<void> {
    let isKilled = true;
    for (let generation = 0; isKilled; generation++) {
      const instance = `worker-${worker}.${generation}`;
      const child = start({ ...assignment, worker, generation, instance, journal });
      processes[worker] = child;
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
      child.on("message", (message) => {
        if (message === "offered") return offered(kill);
        if (ready.add(worker).size === plan.workers) begin();
        void beginning.then(() => child.connected && child.send("begin", () => {}));
      });
      const [code, signal] = await once(child, "close");
      isKilled = killed.has(child) && signal === "SIGKILL";
      if (code !== 0 && !isKilled) throw new Error(`${instance} ended with ${code ?? signal}:\n${output}`);
    }
  }

  const deadline = setTimeout(() => {
    for (const child of processes) child.kill("SIGTERM");
  }, DEADLINE);
  try {
    await Promise.all(journals.map((journal, worker) => employ(worker, journal)));
  } finally {
    clearTimeout(deadline);
    for (const child of processes) child.kill("SIGKILL");
  }
  return journals.flatMap(readJournal);
}

function start({ configOf, folder: _, ...order }: Assignment & Omit<WorkOrder, "config">): ChildProcess {
  const workOrder: WorkOrder = { ...order, config: configOf(order.worker) };
  return fork(WORKER, [JSON.stringify(workOrder)], {
    execArgv: ["--import", "tsx"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
}
