/** Bringing state and exchange back in line. */
import { FencedError, InvalidArgumentError, StaleStateError } from "../../src/errors.js";
import type { Recovery } from "../../src/manager/recovery.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { Action, Foreign, Waiting } from "../plan/action.js";
import { decide, planRestore } from "../plan/decide.js";
import { type Evidence, hasFailed } from "../plan/evidence.js";
import { type Progress, type RecoveryOptions, type ResolvedOptions, resolveOptions } from "../plan/options.js";
import { type Plan, permitted } from "../plan/plan.js";
import { actionText } from "../plan/plan-text.js";
import type { Exchange } from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import { timedExchange } from "../port/timed-exchange.js";
import { consentOf, noteConsent } from "./consent.js";
import { carryOut } from "./execute.js";
import { gather } from "./gather.js";
import { GivenUp } from "./given-up.js";
import { holdRecovery } from "./hold.js";
import { pause } from "./pause.js";
import { storePlan } from "./stored-plan.js";

/** Pause between two looks at an exchange that is still filling orders, ms. */
const POLL = 500;

/** So many different plans in one recovery are a sign that it goes in circles: after that the deadline is not put off any more. */
const MOST_PLANS = 100;

/**
 * The result of a recovery. `recovered`: state and exchange agree, entries go ahead. `awaiting_approval`: a person has to approve `plan` by its hash;
 * entries stay blocked. `unsettled`: at the deadline orders were not filled, or the exchange still refused; entries stay blocked, recover again. `dry_run`:
 * nothing was changed.
 */
export interface RecoveryReport {
  readonly status: "recovered" | "awaiting_approval" | "unsettled" | "dry_run";
  readonly mode: Plan["mode"];
  readonly exchange: string;
  /** Id of the recovery, the same after a crash; undefined when none was begun. */
  readonly recoveryId?: number;
  /** The actions that were carried out, in order. */
  readonly applied: readonly Action[];
  /** What the exchange refused or did not answer, in words. It was tried again. */
  readonly troubles: readonly string[];
  /** The last plan: what is left to do. */
  readonly plan: Plan;
  readonly waiting: readonly Waiting[];
  readonly foreign: readonly Foreign[];
  readonly notes: readonly string[];
}

/**
 * Reads the flow and the exchange and says what `recover` would do. Changes neither. A plan with `failures` has no actions. Rejects with an
 * InvalidArgumentError that names an option, a StaleStateError (`restore`), an ExchangeError `authentication`, and with the reason of `options.signal` when
 * that aborts.
 */
export async function planRecovery(
  mgr: StateManager,
  exchange: Exchange,
  options: RecoveryOptions = {},
): Promise<Plan> {
  return planAgain(mgr, exchange, options, new GivenUp());
}

/** As `planRecovery`, for a caller that plans again and again. */
export async function planAgain(
  mgr: StateManager,
  exchange: Exchange,
  options: RecoveryOptions,
  givenUp: GivenUp,
): Promise<Plan> {
  const resolved = resolveOptions(mgr, options);
  return (await look(mgr, within(exchange, resolved, telling(resolved)), resolved, givenUp)).plan;
}

/**
 * Brings the flow and its exchange back in line: orders, then fills, then positions, then orphans. While it runs, and while it is unfinished, entries are
 * refused (`recovering`) over all processes; exits are not. One process recovers at a time. Another one waits for `options.wait`, which is longer than a
 * dead process holds the recovery, then gets a LockedError. After a crash at any point another call comes to the same end, and the exchange gets no order
 * twice. A plan that waits for a person is kept in the flow. Once it is approved, the next recovery carries it out if it still holds.
 *
 * Rejects with an ExchangeError when the exchange cannot be read, or its answers contradict each other: that look changed nothing, entries stay blocked,
 * the error says what was asked. Rejects with a FencedError when another process took over, and with the reason of `options.signal` when that aborts:
 * nothing is sent after that, the recovery stays unfinished.
 */
export async function recover(
  mgr: StateManager,
  exchange: Exchange,
  options: RecoveryOptions = {},
): Promise<RecoveryReport> {
  const resolved = resolveOptions(mgr, options);
  const tell = telling(resolved);
  if (resolved.dryRun) {
    const { plan } = await look(mgr, within(exchange, resolved, tell), resolved, new GivenUp());
    return report("dry_run", plan, { applied: [], troubles: [], notes: new Set(plan.notes) });
  }
  return underRecovery(mgr, exchange, resolved, tell, `recovery in mode ${resolved.mode}`, false);
}

/**
 * Carries out a plan that a person has seen. It first makes the plan anew: if that differs, it rejects with a StaleStateError and changes nothing.
 * Otherwise as `recover`.
 */
export async function applyRecovery(
  mgr: StateManager,
  exchange: Exchange,
  plan: Plan,
  options: RecoveryOptions = {},
): Promise<RecoveryReport> {
  const { mode, orphanPositions } = plan;
  const resolved = resolveOptions(mgr, { ...options, mode, orphanPositions, approve: plan.hash });
  if (plan.flowId !== mgr.flowId) {
    throw new StaleStateError(`the plan is for flow ${plan.flowId}, this is flow ${mgr.flowId}`);
  }
  return underRecovery(mgr, exchange, resolved, telling(resolved), `recovery by plan ${plan.hash}`, true);
}

type Tell = (at: Progress["at"], what: string) => void;

/** Tells the caller what the recovery is doing, and how long it has been running. */
function telling({ onProgress }: ResolvedOptions): Tell {
  const began = performance.now();
  return (at, what) => onProgress({ at, what, elapsed: Math.round(performance.now() - began) });
}

/** The exchange with a time limit for each request. Each request is told to the caller; none is made after the signal has aborted. */
function within(exchange: Exchange, { timeout, signal, deadline }: ResolvedOptions, tell: Tell): Exchange {
  return timedExchange(exchange, {
    timeout,
    ...(signal && { signal }),
    onRequest: (what) => tell("asking", what),
    patience: deadline,
    onWait: (what) => tell("waiting", what),
  });
}

/** What a recovery works with. */
interface Work {
  readonly mgr: StateManager;
  readonly exchange: Exchange;
  readonly recovery: Recovery;
  readonly options: ResolvedOptions;
  readonly tell: Tell;
}

interface Look {
  readonly plan: Plan;
  /** Undefined when the exchange was not asked. */
  readonly evidence: Evidence | undefined;
}

async function look(mgr: StateManager, exchange: Exchange, options: ResolvedOptions, givenUp: GivenUp): Promise<Look> {
  if (options.mode === "restore") {
    return { plan: planRestore(await mgr.snapshot(), exchange.name, options), evidence: undefined };
  }
  const found = await gather(mgr, exchange, options, givenUp);
  const plan = decide(found, options);
  if (hasFailed(found)) return { plan, evidence: undefined };
  return { plan: found.clockAhead === undefined ? doubtingClocks(plan) : plan, evidence: found };
}

/** If orders and fills contradict each other, the clocks may be apart: the plan says so. */
function doubtingClocks(plan: Plan): Plan {
  const hint = `${plan.exchange} does not tell its time: its clock and the flow's may be apart`;
  const failures = plan.failures.map((failure) =>
    failure.status === "partial" ? { ...failure, why: `${failure.why}; ${hint}` } : failure,
  );
  return { ...plan, failures };
}

async function underRecovery(
  mgr: StateManager,
  exchange: Exchange,
  options: ResolvedOptions,
  tell: Tell,
  reason: string,
  mustMatch: boolean,
): Promise<RecoveryReport> {
  await using recovery = await holdRecovery(mgr, reason, options, (why) => tell("lease", why));
  const work = { mgr, exchange: within(exchange, options, tell), recovery, options, tell };
  const found = await run(work, mustMatch);
  if (found.status === "recovered") await recovery.end();
  return { ...found, recoveryId: recovery.id };
}

/**
 * Looks and acts in turns until nothing is left to do, a person has to be asked, or the deadline is over. The deadline begins anew with every plan that was
 * not seen before. So a recovery whose steps succeed is not given up only because one look at the exchange takes minutes.
 */
async function run(work: Work, mustMatch: boolean): Promise<RecoveryReport> {
  const { mgr, exchange, recovery, options, tell } = work;
  const { signal, deadline } = options;
  let until = 0;
  const seen = new Set<string>();
  const givenUp = new GivenUp();
  const done = { applied: [] as Action[], troubles: [] as string[], notes: new Set<string>() };
  for (let turn = 1; ; turn++) {
    const { plan, evidence } = await look(mgr, exchange, options, givenUp);
    signal?.throwIfAborted();
    checkHeld(recovery);
    if (plan.failures.length > 0) throw unreadable(plan);
    const approved = await approvedKeys(work, plan, mustMatch && turn === 1);
    for (const note of plan.notes) done.notes.add(note);
    // Something that a person approved to stay needs no further turn.
    const actions = permitted(plan, approved).filter(
      ({ type }) => type !== "leave_orphan" && type !== "leave_position",
    );
    const asked = plan.actions.some(({ needsPerson, key }) => needsPerson !== undefined && !approved.has(key));
    const waits = plan.waiting.filter(({ harmless }) => !harmless);
    if (asked) await storePlan(recovery, plan);
    if (actions.length === 0 && waits.length === 0)
      return report(asked ? "awaiting_approval" : "recovered", plan, done);
    const moves = !seen.has(standingOf(plan)) && seen.size < MOST_PLANS;
    seen.add(standingOf(plan));
    if (moves) until = performance.now() + deadline;
    else if (performance.now() >= until) return report("unsettled", plan, done);
    const smooth = evidence !== undefined && (await act({ ...work, evidence }, actions, done));
    if (actions.length > 0 && smooth) continue;
    tell(
      "waiting",
      waits.map(({ subject, why }) => `${subject}: ${why}`).join("; ") || "the exchange refused: looking again",
    );
    await pause(Math.min(POLL, Math.max(0, until - performance.now())), signal);
  }
}

/** What is to be done and what is waited for: equal as long as nothing changes. */
function standingOf({ hash, waiting }: Plan): string {
  return JSON.stringify([hash, waiting.map(({ subject }) => subject).sort()]);
}

/** What was done, what went wrong and what was noted, over all turns. */
interface Done {
  readonly applied: Action[];
  readonly troubles: string[];
  readonly notes: ReadonlySet<string>;
}

/** Carries out actions until one is refused or the exchange does not answer. Returns whether all were carried out. */
async function act(
  work: Work & { readonly evidence: Evidence },
  actions: readonly Action[],
  { applied, troubles }: Done,
): Promise<boolean> {
  const { signal } = work.options;
  for (const action of actions) {
    checkHeld(work.recovery);
    signal?.throwIfAborted();
    work.tell("acting", actionText(action));
    try {
      if (!(await carryOut(action, work))) continue;
      applied.push(action);
      work.tell("done", actionText(action));
    } catch (error) {
      signal?.throwIfAborted();
      // The state refuses an action that a working bot has made impossible meanwhile.
      const goesOn = error instanceof InvalidArgumentError || error instanceof ExchangeError;
      if (!goesOn || (error instanceof ExchangeError && error.failure === "authentication")) throw error;
      // The next look finds out whether it happened.
      troubles.push(`${action.key}: ${error.message}`);
      return false;
    }
  }
  return true;
}

/**
 * The keys of the actions that a person has approved: by `options.approve`, or in the flow (`approveRecovery`), whichever comes first. An approval counts
 * for the plan of its hash. Its keys are then noted, for what is left of them in later plans.
 */
async function approvedKeys(
  { mgr, recovery, options }: Work,
  plan: Plan,
  mustMatch: boolean,
): Promise<ReadonlySet<string>> {
  // Another process may have approved it since this one began.
  const journal = (await mgr.getRecovery())?.journal ?? recovery.journal;
  const consent = consentOf(journal);
  const { approve } = options;
  const given = plan.hash === approve || (plan.hash === consent?.hash && consent.keys === undefined);
  if (given && !(consent?.hash === plan.hash && consent.keys)) {
    await noteConsent(recovery, plan);
    return new Set(plan.actions.map(({ key }) => key));
  }
  if (approve !== undefined && consent?.hash !== approve && (mustMatch || consent === undefined)) {
    throw new StaleStateError(
      `plan ${approve} is out of date: what is to be done now is plan ${plan.hash}. Look at it and approve that`,
    );
  }
  return new Set(consent?.keys ?? []);
}

function checkHeld(recovery: Recovery): void {
  if (recovery.lost.aborted) throw new FencedError("another process has taken over the recovery; it goes on there");
}

function unreadable({ exchange, failures }: Plan): ExchangeError {
  const [first] = failures;
  const why = failures.map(({ asked, status, why: words }) => `${asked}: ${status.replaceAll("_", " ")}: ${words}`);
  return new ExchangeError(
    first?.failure ?? "no_answer",
    `nothing was changed and entries stay blocked, because ${exchange} did not answer everything: ${why.join("; ")}`,
    { ...(first?.retryAt && { retryAt: first.retryAt }) },
  );
}

function report(status: RecoveryReport["status"], plan: Plan, done: Done): RecoveryReport {
  const { mode, exchange, waiting, foreign } = plan;
  const { applied, troubles, notes } = done;
  return { status, mode, exchange, applied, troubles, plan, waiting, foreign, notes: [...notes] };
}
