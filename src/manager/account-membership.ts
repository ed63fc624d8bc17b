/** A flow in its exchange account: joining it at connect or by a call, leaving it. */
import type { Backend } from "../backends/backend.js";
import { ACCOUNT_LIMITS, type AccountLimitName, type AccountLimits } from "../config/account.js";
import type { AccountConfig, ResolvedConfig } from "../config/schema.js";
import { ConfigError, StateLostError } from "../errors.js";
import { getAccount } from "../operations/get-account.js";
import { getEvents } from "../operations/get-events.js";
import { joinAccount } from "../operations/join-account.js";
import { leaveAccount } from "../operations/leave-account.js";
import type { OpenedFlow } from "../operations/open-flow.js";
import { setAccountLimits } from "../operations/set-account-limits.js";
import { snapshot } from "../operations/snapshot.js";
import { dayStartOf } from "../state/day.js";
import { newEpoch } from "../state/epoch.js";
import type { AccountSettings } from "../transfer/move-flow.js";
import type { FlowCalls } from "./flow-calls.js";
import type { FlowMover } from "./flow-mover.js";
import { limitDifferences } from "./limit-differences.js";

/** Reads the log of the flow's account, as `getEvents` reads the flow's. In memory and DuckDB each flow's own log has the account's events. */
export const accountEvents: typeof getEvents = {
  ...getEvents,
  keys: ["account:events"],
  apply: (_, { after }) => ({ isUnknown: false, newest: after || "0-0", trimmed: false, events: [] }),
};

/** Joins the account that is configured, where the flow is not in it yet and has nothing open. */
export async function writeAccount(
  backend: Backend,
  calls: FlowCalls,
  { account, redis }: ResolvedConfig,
  mover: FlowMover,
): Promise<OpenedFlow | undefined> {
  if (account === undefined) return undefined;
  return join(backend, calls, account, "connect", redis.cluster ? mover : undefined);
}

/**
 * Writes the configured limits into the account, for all its flows. A limit that a call has set is only made tighter. Resolves to lines that say where the
 * account has another limit, or another starting equity, than the configuration.
 */
export async function writeAccountLimits(calls: FlowCalls, { account }: ResolvedConfig): Promise<string[]> {
  if (account === undefined) return [];
  const { name: of, starting_equity: equity } = account;
  const configured = accountLimitEntries(account);
  const found: string[] = [];
  if (configured.length > 0) {
    const { origins } = await calls.runUnfenced(setAccountLimits, { how: "connect", limits: configured });
    const words = {
      of: `account ${of}: `,
      section: "account",
      unset: (name: AccountLimitName) => `sf-state account unset ${name} --account ${of}`,
    } as const;
    found.push(...limitDifferences(configured, origins, words));
  }
  if (equity === undefined && account.max_drawdown === undefined) return found;
  const status = await calls.runUnfenced(getAccount, undefined);
  if (status?.startingEquity === undefined) {
    return [
      ...found,
      `account ${of}: account.max_drawdown limits nothing as long as account.starting_equity is not set`,
    ];
  }
  if (equity === undefined || equity === status.startingEquity) return found;
  return [
    ...found,
    `account ${of}: account.starting_equity: ${equity} changes nothing, ${status.startingEquity} was set before; a deposit is a recordTransfer`,
  ];
}

/** The limits that a configuration sets. */
export function accountLimitEntries(account: AccountLimits): [AccountLimitName, number][] {
  return ACCOUNT_LIMITS.flatMap((name) => {
    const limit = account[name];
    return limit === undefined ? [] : [[name, limit]];
  });
}

/**
 * Joins an account with whatever the flow has open; its settings are the configured ones, or else those under `risk`. Rejects with a ConfigError on a
 * backend that keeps no accounts.
 */
export async function joinByCall(
  backend: Backend,
  calls: FlowCalls,
  config: ResolvedConfig,
  name: string,
  mover: FlowMover,
): Promise<OpenedFlow> {
  const { backend: kind, redis } = config;
  const inCluster = kind === "redis" && redis.cluster ? mover : undefined;
  return join(backend, calls, accountIn(config, name), "call", inCluster);
}

/** The settings with which a flow of this configuration joins an account: those configured for it, or else what is under `risk`. */
export function accountIn({ account, risk }: ResolvedConfig, name: string): AccountConfig {
  if (account?.name === name) return account;
  const { currency, same_currency, day_start, breaker_duration } = risk;
  return { name, ...(currency !== undefined && { currency }), same_currency, day_start, breaker_duration };
}

/** The same as an operation has them. */
export function settingsIn(account: AccountConfig): AccountSettings {
  const { currency = "", same_currency, day_start, breaker_duration, starting_equity } = account;
  return {
    ...{ currency, sameCurrency: same_currency.join(" "), dayStart: dayStartOf(day_start) },
    ...{ breakerDuration: breaker_duration, startingEquity: starting_equity },
  };
}

async function join(
  backend: Backend,
  calls: FlowCalls,
  account: AccountConfig,
  how: "connect" | "call",
  inCluster: FlowMover | undefined,
): Promise<OpenedFlow> {
  const epoch = newEpoch();
  const { name } = account;
  const settings = settingsIn(account);
  if (inCluster && backend.place !== name) {
    const isOpen = await looked(calls);
    if (how === "connect" && isOpen && backend.place === undefined) throw needsCall(inCluster.flowId, name);
    return moved(backend, () => inCluster.moveIn(name, settings));
  }
  const args = { ...settings, name, how, newEpoch: epoch, accountEpoch: newEpoch() };
  return withNewEpoch(backend, epoch, () => calls.runUnfenced(joinAccount, args));
}

/** Moves the flow to another slot of its cluster, and goes on there. */
async function moved(backend: Backend, move: () => Promise<unknown>): Promise<OpenedFlow> {
  await move();
  await backend.close();
  return backend.connect(true);
}

/** Whether something is open that an account counts. Rejects with a StateLostError where the flow is not the one that was opened. */
async function looked(calls: FlowCalls): Promise<boolean> {
  const { positions, orders } = await calls.runUnfenced(snapshot, { dayStart: 0, dedupWindow: 0 });
  return positions.length > 0 || orders.some(({ intent }) => intent === "entry");
}

function needsCall(flowId: string, name: string): ConfigError {
  return new ConfigError(
    `flow ${flowId} has open positions or pending entries: joinAccount, or sf-state account join, takes them into account ${name}`,
  );
}

/** Takes the flow out of its account; undefined where it is in none. */
export async function leave(backend: Backend, calls: FlowCalls, mover: FlowMover): Promise<OpenedFlow | undefined> {
  const { place } = backend;
  if (place !== undefined) {
    await looked(calls);
    return moved(backend, () => mover.moveOut(place));
  }
  const epoch = newEpoch();
  const opened = await withNewEpoch(backend, epoch, () => calls.run(leaveAccount, { newEpoch: epoch }));
  return opened.epoch === epoch ? opened : undefined;
}

/**
 * Goes on under the epoch that a step gives the flow. If the step's answer was lost and the call was sent again, the second copy is refused for its old
 * epoch. Then the flow's new epoch proves that the step happened.
 */
async function withNewEpoch(backend: Backend, epoch: string, step: () => Promise<unknown>): Promise<OpenedFlow> {
  try {
    await step();
    return await backend.reopen();
  } catch (error) {
    if (!(error instanceof StateLostError)) throw error;
    const opened = await backend.reopen();
    if (opened.epoch !== epoch) throw error;
    return opened;
  }
}
