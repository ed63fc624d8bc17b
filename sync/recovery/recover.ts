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
import { boundedExchange } from "../port/bounded-exchange.js";
import type { Exchange } from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import { pauseUnlessAborted } from "./asking.js";
import { approvalOf, noteApproval, noteWaitingPlan } from "./consent.js";
import { carryOut } from "./execute.js";
import { gather } from "./gather.js";

/** Between two looks at an exchange that is still filling orders, ms. */
const POLL = 500;

/**
 * What a recovery came to. `recovered`: state and exchange agree, entries go ahead. `awaiting_approval`: a person has to approve
 * `plan` by its hash; entries stay blocked. `unsettled`: orders are not filled, or the exchange went on refusing, until the
 * deadline; entries stay blocked, recover again. `dry_run`: nothing was touched.
 */
export interface RecoveryReport {
  readonly status: "recovered" | "awaiting_approval" | "unsettled" | "dry_run";
  readonly mode: Plan["mode"];
  readonly exchange: string;
  /** Names the recovery, also over a crash; undefined when nothing was begun. */
  readonly recoveryId?: number;
  /** What was done, in order. */
  readonly applied: readonly Action[];
  /** What was refused, or not answered by the exchange, in words; it was tried again. */
  readonly troubles: readonly string[];
  /** What is left to do: the last plan. */
  readonly plan: Plan;
  readonly waiting: readonly Waiting[];
  readonly foreign: readonly Foreign[];
  readonly notes: readonly string[];
}

/**
 * Reads the flow and the exchange and says what `recover` would do. Touches neither. A plan with `failures` has no actions.
 * Rejects with an InvalidArgumentError that names an option, a StaleStateError (`restore`), an ExchangeError `authentication`.
 */
export async function planRecovery(
  mgr: StateManager,
  exchange: Exchange,
  options: RecoveryOptions = {},
): Promise<Plan> {
  const resolved = resolveOptions(mgr, options);
  return (await look(beginCall(mgr, exchange, resolved))).plan;
}

/**
 * Brings the flow and its exchange back in line: orders, then fills, then positions, then orphans. While it runs, and while it is
 * unfinished, entries are refused (`recovering`) over all processes; exits are not. One process at a time: others get a
 * LockedError, or wait. A crash at any point and another call end alike, and the exchange sees no order twice.
 *
 * Rejects with an ExchangeError when the exchange cannot be read, or what it says does not fit together: nothing was changed by
 * that look, entries stay blocked, the error says what was asked. Rejects with a FencedError when another process took over.
 */
export async function recover(
  mgr: StateManager,
  exchange: Exchange,
  options: RecoveryOptions = {},
): Promise<RecoveryReport> {
  const resolved = resolveOptions(mgr, options);
  const call = beginCall(mgr, exchange, resolved);
  if (resolved.dryRun) {
    const { plan } = await look(call);
    return report("dry_run", plan, { applied: [], troubles: [], notes: new Set(plan.notes) });
  }
  return underRecovery(call, `recovery in mode ${resolved.mode}`, (recovery) => run({ ...call, recovery }));
}

/**
 * Carries out a plan that a person has seen. Looks again first: rejects with a StaleStateError, and changes nothing, when what is
 * to be done now is not what the plan says. Otherwise as `recover`.
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
  const call = beginCall(mgr, exchange, resolved);
  return underRecovery(call, `recovery by plan ${plan.hash}`, (recovery) => run({ ...call, recovery }, true));
}

/** What a call of one of these functions works with. */
interface Call {
  readonly mgr: StateManager;
  /** Within the limits of the call. */
  readonly exchange: Exchange;
  readonly options: ResolvedOptions;
  readonly tell: (at: Progress["at"], what: string) => void;
}

/** The same inside a recovery. */
interface Work extends Call {
  readonly recovery: Recovery;
}

function beginCall(mgr: StateManager, exchange: Exchange, options: ResolvedOptions): Call {
  const { timeout, signal, onProgress } = options;
  const since = performance.now();
  const tell: Call["tell"] = (at, what) => onProgress({ at, what, elapsed: performance.now() - since });
  const onRequest = (what: string) => tell("asking", what);
  return { mgr, exchange: boundedExchange(exchange, { timeout, onRequest, ...(signal && { signal }) }), options, tell };
}

interface Look {
  readonly plan: Plan;
  /** Undefined when the exchange was not asked. */
  readonly evidence: Evidence | undefined;
}

async function look({ mgr, exchange, options }: Call): Promise<Look> {
  options.signal?.throwIfAborted();
  if (options.mode === "restore") {
    return { plan: planRestore(await mgr.snapshot(), exchange.name, options), evidence: undefined };
  }
  const evidence = await gather(mgr, exchange, options);
  return { plan: decide(evidence, options), evidence: hasFailed(evidence) ? undefined : evidence };
}

async function underRecovery(
  { mgr, options, tell }: Call,
  reason: string,
  work: (recovery: Recovery) => Promise<RecoveryReport>,
): Promise<RecoveryReport> {
  const { ttl, wait, signal } = options;
  signal?.throwIfAborted();
  tell("lease", `the right to recover flow ${mgr.flowId}`);
  await using recovery = await mgr.beginRecovery(reason, { ttl, wait });
  const found = await work(recovery);
  if (found.status === "recovered") await recovery.end();
  return { ...found, recoveryId: recovery.id };
}

/** Looks and acts in turns, until there is nothing left to do, a person has to be asked, or the deadline is over. */
async function run(work: Work, mustMatch = false): Promise<RecoveryReport> {
  const { recovery, options, tell } = work;
  let until = performance.now() + options.deadline;
  const done = { applied: [] as Action[], troubles: [] as string[], notes: new Set<string>() };
  for (let turn = 1; ; turn++) {
    const looked = performance.now();
    const { plan, evidence } = await look(work);
    // The deadline is for orders to be filled: an exchange that takes its time to answer does not use it up.
    until += performance.now() - looked;
    checkHeld(recovery);
    if (plan.failures.length > 0) throw unreadable(plan);
    const approved = await approve(work, plan, mustMatch && turn === 1);
    for (const note of plan.notes) done.notes.add(note);
    // What was approved to stay as it is needs no further turn.
    const actions = permitted(plan, approved).filter(({ type }) => type !== "leave_orphan");
    const asked = plan.actions.some(({ needsPerson, key }) => needsPerson !== undefined && !approved.has(key));
    const waits = plan.waiting.filter(({ harmless }) => !harmless);
    if (actions.length === 0 && waits.length === 0) {
      if (asked) await noteWaitingPlan(recovery, plan);
      return report(asked ? "awaiting_approval" : "recovered", plan, done);
    }
    if (turn > 1 && performance.now() >= until) return report("unsettled", plan, done);
    const smooth = evidence !== undefined && (await act({ ...work, evidence }, actions, done));
    if (actions.length > 0 && smooth) continue;
    tell("waiting", waits[0] ? `${waits[0].subject}: ${waits[0].why}` : (done.troubles.at(-1) ?? "the next look"));
    await pauseUnlessAborted(Math.min(POLL, Math.max(0, until - performance.now())), options.signal);
  }
}

/** What was done, what went wrong, and what was noted, over all turns. */
interface Done {
  readonly applied: Action[];
  readonly troubles: string[];
  readonly notes: ReadonlySet<string>;
}

/** Carries out actions until one is refused, or the exchange does not answer. Answers whether all of them were carried out. */
async function act(
  work: Work & { readonly evidence: Evidence },
  actions: readonly Action[],
  { applied, troubles }: Done,
): Promise<boolean> {
  for (const action of actions) {
    checkHeld(work.recovery);
    work.options.signal?.throwIfAborted();
    work.tell("acting", actionText(action));
    try {
      await carryOut(action, work);
      applied.push(action);
    } catch (error) {
      // The state refuses what a bot that goes on has made impossible meanwhile.
      const goesOn = error instanceof InvalidArgumentError || error instanceof ExchangeError;
      if (!goesOn || (error instanceof ExchangeError && error.failure === "authentication")) throw error;
      // Whether it happened, the next look finds out.
      troubles.push(`${action.key}: ${error.message}`);
      return false;
    }
  }
  return true;
}

/** The keys of what a person has approved: by this call, or while the plan waited. */
async function approve(work: Work, plan: Plan, mustMatch: boolean): Promise<ReadonlySet<string>> {
  const { mgr, recovery, options } = work;
  const noted = approvalOf((await mgr.getRecovery())?.journal ?? recovery.journal);
  const asked = options.approve;
  if (noted?.keys && (asked === undefined || noted.hash === asked)) return new Set(noted.keys);
  if (asked === plan.hash || (asked === undefined && noted?.hash === plan.hash)) {
    return new Set(await noteApproval(recovery, plan));
  }
  if (asked !== undefined && (mustMatch || noted === undefined)) {
    throw new StaleStateError(
      `plan ${asked} is out of date: what is to be done now is plan ${plan.hash}. Look at it and approve that`,
    );
  }
  return new Set(noted?.keys ?? []);
}

function checkHeld(recovery: Recovery): void {
  if (recovery.lost.aborted) throw new FencedError("another process has taken over the recovery; it goes on there");
}

function unreadable({ exchange, failures }: Plan): ExchangeError {
  const [first] = failures;
  const why = failures.map(({ asked, status, why: words }) => `${asked}: ${status.replaceAll("_", " ")}: ${words}`);
  return new ExchangeError(
    first?.failure ?? "no_answer",
    `nothing was changed and entries stay blocked, because ${exchange} was asked for what it did not tell: ${why.join("; ")}`,
  );
}

function report(status: RecoveryReport["status"], plan: Plan, done: Done): RecoveryReport {
  const { mode, exchange, waiting, foreign } = plan;
  const { applied, troubles, notes } = done;
  return { status, mode, exchange, applied, troubles, plan, waiting, foreign, notes: [...notes] };
}
