/** The continuous check: while a bot trades, its state is compared with the exchange at intervals. */
import { setTimeout as pause } from "node:timers/promises";
import type { Duration } from "../../src/config/duration.js";
import { StateError } from "../../src/errors.js";
import * as check from "../../src/manager/check.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { RecoveryState } from "../../src/types.js";
import type { Action } from "../plan/action.js";
import type { RecoveryOptions } from "../plan/options.js";
import type { Plan } from "../plan/plan.js";
import { actionText } from "../plan/plan-text.js";
import type { Exchange } from "../port/exchange.js";
import { isNewlyApproved } from "./consent.js";
import { GivenUp } from "./given-up.js";
import { planAgain, type RecoveryReport, recover } from "./recover.js";

export interface ReconcileOptions extends RecoveryOptions {
  /** From the end of one check to the next; default `recovery.reconcile_every` of the configuration, else 60s. */
  readonly every?: Duration;
  /** A difference that this many checks in a row have seen is acted on; default 3. */
  readonly lasting?: number;
  /** How long a check waits for another process's recovery; default 0: the next check tries again. */
  readonly wait?: Duration;
  /** Ends it. A check, and a recovery that it began, stops where it is, and nothing more is sent. */
  readonly signal?: AbortSignal;
  /** Called with the result of every check. */
  readonly onCheck?: (check: Check) => void;
}

/** The result of one check. */
export interface Check {
  /** Undefined when it failed. */
  readonly plan?: Plan;
  /** Differences, each with the number of checks in a row that have seen it. */
  readonly differences: readonly { readonly action: Action; readonly reads: number }[];
  /** The recovery that handled the lasting differences. */
  readonly recovery?: RecoveryReport;
  /** Why the check, or its recovery, failed. It is tried again. */
  readonly error?: StateError;
}

/**
 * Checks until `signal` aborts. Each check plans a recovery; every action of the plan is a difference. A difference becomes a `difference_found` event when
 * it is first seen, and again when it lasts; then `recover` runs in the configured mode (`restore` trusts the stored state: nothing is done). Something on
 * its way, such as a fill that the bot is about to book, does not last.
 *
 * A plan that waits for a person is carried out once it is approved. A check that fails is told to `onCheck` and tried again; only an error that is no
 * StateError rejects. Several processes may check one flow: only one recovers at a time.
 */
export async function reconcile(mgr: StateManager, exchange: Exchange, options: ReconcileOptions = {}): Promise<void> {
  const { every, lasting, signal, onCheck, ...recovery } = options;
  const interval = check.optionalDuration("options.every", every) ?? mgr.config.recovery.reconcile_every ?? 60_000;
  const enough = lasting === undefined ? 3 : check.optionalCount("options.lasting", lasting);
  const checking = new Checking(mgr, exchange, { wait: 0, ...recovery, ...(signal && { signal }) }, enough);
  while (!signal?.aborted) {
    const found = await checking.check();
    if (!found) return;
    onCheck?.(found);
    await pause(interval, undefined, signal && { signal }).catch(() => {}); // it rejects only because of the signal
  }
}

/** Counts for each difference how many checks in a row have seen it. */
class Checking {
  #seen = new Map<string, number>();
  /** The differences that a person was asked about and has not answered. */
  #asked: string | undefined;
  readonly #givenUp = new GivenUp();

  constructor(
    private readonly mgr: StateManager,
    private readonly exchange: Exchange,
    private readonly options: RecoveryOptions,
    private readonly lasting: number,
  ) {}

  /** One check; undefined when it was stopped in the middle. */
  async check(): Promise<Check | undefined> {
    let found: Pick<Check, "plan" | "differences"> = { differences: [] };
    try {
      const plan = await planAgain(this.mgr, this.exchange, { ...this.options, mode: "sync" }, this.#givenUp);
      found = { plan, differences: this.#count(plan) };
      for (const { action, reads } of found.differences) {
        if (reads !== 1 && reads !== this.lasting) continue;
        await this.mgr.reportDifference({ subject: action.key, found: actionText(action), reads });
      }
      const lasts = found.differences.some(({ reads }) => reads >= this.lasting);
      const mode = this.options.mode ?? this.mgr.config.recovery.mode;
      const own = await this.#unfinished();
      if (mode === "restore" || !(lasts || own)) return found;
      const keys = plan.actions.map(({ key }) => key).join("\n");
      if (own && keys === this.#asked && !isNewlyApproved(own.journal)) return found;
      const recovery = await recover(this.mgr, this.exchange, this.options);
      this.#asked = recovery.status === "awaiting_approval" ? keys : undefined;
      return { ...found, recovery };
    } catch (error) {
      if (this.options.signal?.aborted) return undefined;
      if (!(error instanceof StateError)) throw error;
      return { ...found, error };
    }
  }

  /** A recovery that this process began and did not end. */
  async #unfinished(): Promise<RecoveryState | undefined> {
    const recovery = await this.mgr.getRecovery();
    return recovery?.holder === this.mgr.instanceId ? recovery : undefined;
  }

  /** If no plan could be made, the counts stay as they are. */
  #count(plan: Plan): Check["differences"] {
    if (plan.failures.length > 0) return [];
    const before = this.#seen;
    this.#seen = new Map(plan.actions.map(({ key }) => [key, (before.get(key) ?? 0) + 1]));
    return plan.actions.map((action) => ({ action, reads: this.#seen.get(action.key) ?? 1 }));
  }
}
