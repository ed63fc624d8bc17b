import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../src/config/schema.js";
import { StateManager } from "../../src/manager/state-manager.js";
import type { RedisServer } from "../servers/redis.js";
import { type Kill, trade } from "./crew.js";
import type { Call } from "./journal.js";
import { type Deeds, Operator } from "./operator.js";
import { type AdmissionPlan, admissionConfig, FIRST_DAILY_LOSS, operatorRandom } from "./plan.js";
import { readStore, type Store } from "./store.js";
import type { Offered } from "./worker.js";

export interface Run {
  readonly plan: AdmissionPlan;
  readonly flowId: string;
  /** Called when the race begins, after the opening. */
  readonly raceBegins?: () => void;
  /** Called after each offer of the race. */
  readonly offered?: (offered: Offered, kill: Kill) => void;
  /** Called when a worker does not know the outcome of a call. */
  readonly doubted?: (worker: number) => void;
  /** Where a worker connects to, and how long it waits for an answer; default: to Redis itself, patiently. */
  readonly connectionOf?: (worker: number) => { readonly url: string; readonly commandTimeout: number };
}

/** What a run left. */
export interface Aftermath {
  readonly store: Store;
  readonly calls: readonly Call[];
  readonly deeds: Deeds;
  /** The ids of the events as a watcher in the parent saw them. */
  readonly watched: readonly string[];
}

const LANES = 3;
const PATIENT = 10_000;

/** The trading day began a minute before this process did. ms after midnight UTC, and as configured. */
const beganAt = new Date(Date.now() - 60_000);
const DAY_START = beganAt.toISOString().slice(11, 16);
export const DAY_START_MS = (beganAt.getUTCHours() * 60 + beganAt.getUTCMinutes()) * 60_000;

/** Lets the plan's workers and an operator loose on a new flow, and reads what is left when all are done. */
export async function play(redis: RedisServer, run: Run): Promise<Aftermath> {
  const { plan, flowId, connectionOf = () => ({ url: redis.url, commandTimeout: PATIENT }) } = run;
  const folder = await mkdtemp(join(tmpdir(), "sf-admission-"));
  const configOf = (worker: number): Config => {
    const { url, commandTimeout } = connectionOf(worker);
    return admissionConfig(url, commandTimeout, DAY_START);
  };
  try {
    await using manager = await openAsOperator(redis, flowId);
    const watcher = watch(manager);
    await manager.setRiskLimits({ max_daily_loss: FIRST_DAILY_LOSS });
    const operator = new Operator(manager, operatorRandom(plan));
    const calls = await trade(
      { plan, flowId, folder, lanes: LANES, configOf },
      {
        async opening(perform) {
          await operator.opening(perform);
          run.raceBegins?.();
        },
        offered(offered, kill) {
          operator.maybeAct(offered.refusal);
          run.offered?.(offered, kill);
        },
        doubted: (worker) => run.doubted?.(worker),
      },
    );
    await operator.idle();
    const store = await readStore(redis.port, flowId);
    const watched = await watcher.until(store.ids.at(-1) ?? "");
    return { store, calls, deeds: operator.deeds, watched };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function openAsOperator(redis: RedisServer, flowId: string): Promise<StateManager> {
  return StateManager.open(flowId, admissionConfig(redis.url, PATIENT, DAY_START), { instanceId: "operator" });
}

/** Collects the ids of all events from the first one on; `until` resolves to them when the one given has been seen. */
function watch(manager: StateManager): { until(last: string): Promise<string[]> } {
  const seen: string[] = [];
  let arrived = () => {};
  const failure = (async () => {
    for await (const { id, type } of manager.watch({ after: "0-0" })) {
      seen.push(type === "history_trimmed" ? type : id);
      arrived();
    }
  })();
  failure.catch(() => {});
  return {
    async until(last) {
      while (seen.at(-1) !== last) {
        await Promise.race([failure, new Promise<void>((resolve) => (arrived = resolve))]);
      }
      return seen;
    },
  };
}
