/** The planner: it turns evidence into actions. It is pure: no reads, no changes. */
import { StaleStateError } from "../../src/errors.js";
import type { Snapshot } from "../../src/types.js";
import { count, roughSpan } from "../../src/words/in-words.js";
import type { ActionType } from "./action.js";
import { Draft } from "./draft.js";
import { type Evidence, hasFailed, type NoEvidence } from "./evidence.js";
import { planFlattening } from "./flattening.js";
import { askWhereGivenUp } from "./given-up-orders.js";
import type { ResolvedOptions } from "./options.js";
import { isRecoveryClose, planOrders } from "./orders.js";
import { planOrphans } from "./orphans.js";
import { type Plan, withHash } from "./plan.js";
import { planPositions } from "./positions.js";
import { askBeforeSending } from "./repeated-close.js";
import { scoped } from "./scope.js";

/**
 * Plans a recovery: orders first, then fills, then positions, then orphans. If evidence failed or contradicts itself, the plan says so and has no actions.
 */
export function decide(evidence: Evidence | NoEvidence, options: ResolvedOptions): Plan {
  const { snapshot, exchange } = evidence;
  const head = headOf(snapshot, exchange, options);
  const nothing = { actions: [], waiting: [], foreign: [], notes: [] };
  if (hasFailed(evidence)) return withHash({ ...head, ...nothing, failures: evidence.failures });

  const { evidence: decided, ...left } = scoped(evidence, options.ours);
  const draft = new Draft(decided, options, evidence);
  draft.waiting.push(...left.waiting);
  draft.foreign.push(...left.foreign);
  draft.notes.push(...left.notes);
  planOrders(draft);
  const excesses = draft.failures.length > 0 ? [] : planPositions(draft);
  if (draft.failures.length > 0) return withHash({ ...head, ...nothing, failures: draft.failures });
  if (options.mode === "close_all") planCloseAll(draft);
  planOrphans(draft, excesses);
  askWhoseAccount(draft);
  askBeforeSending(draft);
  askWhereGivenUp(draft);
  askWhereUnproven(draft);

  const age = ageOf(snapshot);
  if (age === undefined || age > options.maxStateAge) {
    draft.notes.push(
      `the state is ${age === undefined ? "without a heartbeat" : `${roughSpan(age)} old`}; the breaker stays as it is`,
    );
  }
  draft.notes.push(...evidence.limitations);
  const { actions, waiting, foreign, notes } = draft;
  const asked =
    options.mode === "manual"
      ? actions.map((action) => ({ needsPerson: "recovery.mode is manual", ...action }))
      : actions;
  return withHash({ ...head, failures: [], actions: asked, waiting, foreign, notes: [...new Set(notes)] });
}

/** While it is in doubt whether this is the right account, every action waits for a person. */
function askWhoseAccount({ actions, wrongAccount }: Draft): void {
  if (wrongAccount === undefined) return;
  for (const [i, action] of actions.entries()) {
    if (OF_THE_ACCOUNT.has(action.type)) actions[i] = { needsPerson: wrongAccount, ...action };
  }
}

/** At an exchange that is not proven, a person approves every order and every cancellation. */
function askWhereUnproven({ actions, evidence: { level, exchange } }: Draft): void {
  if (level !== "unproven") return;
  const needsPerson = `${exchange} is not proven: compare positions, open orders and fills with its own pages, and approve this plan if they are the same`;
  for (const [i, action] of actions.entries()) {
    if (SENDS.has(action.type)) actions[i] = { needsPerson, ...action };
  }
}

/** Actions that send or cancel an order. */
const SENDS: ReadonlySet<ActionType> = new Set<ActionType>([
  "cancel_order",
  "close_position",
  "resubmit_close",
  "close_orphan",
]);

/** The actions above, and `adopt_orphan`: only the account says that such a position is the flow's. */
const OF_THE_ACCOUNT: ReadonlySet<ActionType> = new Set<ActionType>([...SENDS, "adopt_orphan"]);

/** `restore`: the stored state is trusted unless it is too old. Throws a StaleStateError. */
export function planRestore(snapshot: Snapshot, exchange: string, options: ResolvedOptions): Plan {
  const age = ageOf(snapshot);
  if (age === undefined || age > options.maxStateAge) {
    const old = age === undefined ? "there never was a heartbeat" : `the last heartbeat is ${roughSpan(age)} old`;
    throw new StaleStateError(
      `recovery.mode restore trusts the state of flow ${snapshot.flowId}, but ${old}, and at most ${roughSpan(options.maxStateAge)} are allowed (recovery.max_state_age): recover in mode sync`,
    );
  }
  return withHash({
    ...headOf(snapshot, exchange, options),
    failures: [],
    actions: [],
    waiting: [],
    foreign: [],
    notes: [
      `the exchange was not asked: ${count(snapshot.positions.length, "position")} and ${count(snapshot.orders.length, "order")} stay as stored`,
    ],
  });
}

function headOf({ flowId, epoch, at }: Snapshot, exchange: string, { mode, orphanPositions }: ResolvedOptions) {
  return { flowId, epoch, exchange, mode, orphanPositions, at };
}

function ageOf({ heartbeat, at }: Snapshot): number | undefined {
  return heartbeat && at.getTime() - heartbeat.getTime();
}

/** Cancels pending orders and flattens tracked positions. An order that already closes a position is left to do so. */
function planCloseAll(draft: Draft): void {
  const { snapshot, orders } = draft.evidence;
  for (const order of snapshot.orders) {
    const known = orders.get(order.id)?.value;
    if (known?.status !== "open" || isRecoveryClose(order)) continue;
    if (draft.actions.some((action) => action.type === "cancel_order" && action.clientOrderId === order.id)) continue;
    const evidence = [`fetchOrder: open, filled ${known.filled} of ${known.size}`];
    draft.add(
      { type: "cancel_order", pair: order.pair, clientOrderId: order.id, why: "recovery.mode is close_all", evidence },
      order.id,
    );
  }
  planFlattening(draft);
}
