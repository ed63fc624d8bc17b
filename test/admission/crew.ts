import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Config } from "../../src/config/schema.js";
import { bundle } from "../bundle.js";
import { type Call, readJournal } from "./journal.js";
import type { AdmissionPlan } from "./plan.js";
import type { Offered, Stage, Word, WorkOrder } from "./worker.js";

const WORKER = await bundle(new URL("./worker.ts", import.meta.url));

export interface Assignment {
  readonly plan: AdmissionPlan;
  readonly flowId: string;
  /** The folder of the journals, new for each assignment. */
  readonly folder: string;
  readonly lanes: number;
  readonly configOf: (worker: number) => Config;
}

/** Who looks on, and what they do about it. */
export interface Foreman {
  /** Has the workers go through stages, one after the other, before the race begins. */
  opening(perform: Perform): Promise<void>;
  /** A worker was answered to an offer that it made in the race. */
  offered(offered: Offered, kill: Kill): void;
  /** A worker does not know the outcome of a call. */
  doubted(worker: number): void;
}

/** Sends all workers into a stage; resolves when all of them are through. */
export type Perform = (stage: Stage) => Promise<void>;

/** Workers that are not done by then hang, ms. */
const DEADLINE = 600_000;

/** Kills a worker with SIGKILL; another process takes its place. False when it had ended. */
export type Kill = (worker: number) => boolean;

/**
 * Has one process for each worker of the plan go through the signals. All begin each stage at the same moment. Resolves to every call
 * that was made; rejects with what a worker printed when it fails.
 */
export async function trade(assignment: Assignment, foreman: Foreman): Promise<Call[]> {
  const { plan, folder } = assignment;
  const journals = Array.from({ length: plan.workers }, (_, worker) => join(folder, `worker-${worker}.jsonl`));
  const processes: ChildProcess[] = [];
  const killed = new WeakSet<ChildProcess>();
  const ready = new Set<ChildProcess>();
  let allReady = () => {};
  let isRace = false;

  function gathering(): Promise<void> {
    return new Promise((resolve) => {
      allReady = resolve;
    });
  }

  function send(stage: Stage): void {
    for (const child of ready) if (child.connected) child.send(stage, () => {});
    ready.clear();
  }

  function perform(stage: Stage): Promise<void> {
    const done = gathering();
    send(stage);
    return done;
  }

  function hear(word: Word, worker: number, child: ChildProcess): void {
    if (word === "doubt") foreman.doubted(worker);
    else if (word !== "ready") isRace && foreman.offered(word, kill);
    else {
      ready.add(child);
      if (isRace) send("race");
      else if (ready.size === plan.workers) allReady();
    }
  }

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
      child.on("message", (word: Word) => hear(word, worker, child));
      const [code, signal] = await once(child, "close");
      isKilled = killed.has(child) && signal === "SIGKILL";
      if (code !== 0 && !isKilled) throw new Error(`${instance} ended with ${code ?? signal}:\n${output}`);
    }
  }

  const deadline = setTimeout(() => {
    for (const child of processes) child.kill("SIGTERM");
  }, DEADLINE);
  try {
    const gathered = gathering();
    const employed = Promise.all(journals.map((journal, worker) => employ(worker, journal)));
    employed.catch(() => {}); // awaited below
    await Promise.race([gathered.then(() => foreman.opening(perform)), employed]);
    isRace = true;
    send("race");
    await employed;
  } finally {
    clearTimeout(deadline);
    for (const child of processes) child.kill("SIGKILL");
  }
  return journals.flatMap(readJournal);
}

function start({ configOf, folder: _, ...order }: Assignment & Omit<WorkOrder, "config">): ChildProcess {
  const workOrder: WorkOrder = { ...order, config: configOf(order.worker) };
  return fork(WORKER, [JSON.stringify(workOrder)], {
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
}
