/** How a flow joins its exchange account, at connect or by a call, and leaves it. */
import type { Backend } from "../backends/backend.js";
import {
  ACCOUNT_LIMITS,
  type AccountLimitName,
  type AccountLimits,
  type AccountSettingName,
  type AccountSettingsGiven,
} from "../config/account.js";
import type { BreakerDuration } from "../config/duration.js";
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
import { durationText } from "../words/in-words.js";
import type { FlowCalls } from "./flow-calls.js";
import type { FlowMover } from "./flow-mover.js";
import { limitDifferences } from "./limit-differences.js";

/** Reads the log of the flow's account, as `getEvents` reads the flow's own. In memory and DuckDB each flow's own log has the account's events. */
export const accountEvents: typeof getEvents = {
  ...getEvents,
  keys: ["account:events"],
  apply: (_, { after }) => ({ isUnknown: false, newest: after || "0-0", trimmed: false, events: [] }),
};

/** Joins the configured account, if the flow is not in it yet and has nothing open. */
export async function writeAccount(
  backend: Backend,
  calls: FlowCalls,
  config: ResolvedConfig,
  mover: FlowMover,
): Promise<OpenedFlow | undefined> {
  const { account, redis } = config;
  if (account === undefined) return undefined;
  const joining = { name: account.name, settings: settingsIn(config, account.name) };
  return join(backend, calls, joining, "connect", redis.cluster ? mover : undefined);
}

/**
 * Writes the configured limits into the account, for all its flows. A limit that a call set is only made tighter. Resolves to lines that name each limit,
 * and a starting equity, that differs between account and configuration.
 */
export async function writeAccountLimits(calls: FlowCalls, { account }: ResolvedConfig): Promise<string[]> {
  if (account === undefined) return [];
  const { name: of, starting_equity: equity, breaker_duration: duration } = account;
  const configured = accountLimitEntries(account);
  const found: string[] = [];
  if (configured.length > 0 || duration !== undefined) {
    const args = { how: "connect", limits: configured, ...(duration !== undefined && { duration }) } as const;
    const { origins, duration: stands } = await calls.runUnfenced(setAccountLimits, args);
    const words = {
      of: `account ${of}: `,
      section: "account",
      unset: (name: AccountLimitName) => `sf-state account unset ${name} --account ${of}`,
    } as const;
    found.push(...limitDifferences(configured, origins, words));
    if (duration !== undefined && duration !== stands.value) {
      found.push(
        `${words.of}breaker_duration is ${durationText(stands.value)}, set by ${stands.who} at ${stands.at.toISOString()}; account.breaker_duration of the configuration, ${durationText(duration)}, does not replace it: sf-state account unset breaker_duration --account ${of} does`,
      );
    }
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
 * Joins an account together with everything that the flow has open. The settings are the account's configured ones, or else those under `risk`. Rejects
 * with a ConfigError on a backend that keeps no accounts.
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
  return join(backend, calls, { name, settings: settingsIn(config, name) }, "call", inCluster);
}

/** The settings with which a flow of this configuration joins an account: the account's configured ones, or else those under `risk`. */
function accountIn({ account, risk }: ResolvedConfig, name: string): AccountConfig {
  if (account?.name === name) return account;
  const { currency, same_currency, day_start } = risk;
  return { name, ...(currency !== undefined && { currency }), same_currency, day_start };
}

/** How long the account's breaker lasts by the configuration: for a new account, and after its duration was unset. */
export function durationIn({ account, risk }: ResolvedConfig, name: string): BreakerDuration {
  return (account?.name === name ? account.breaker_duration : undefined) ?? risk.breaker_duration;
}

/** The configured values of these account settings. A limit that is not configured will be removed. */
export function configuredOf(
  config: ResolvedConfig,
  name: string,
  names: readonly AccountSettingName[],
): AccountSettingsGiven {
  const account: AccountLimits = config.account?.name === name ? config.account : {};
  const limits = ACCOUNT_LIMITS.filter((limit) => names.includes(limit));
  return {
    limits: limits.map((limit) => [limit, account[limit] ?? null] as const),
    ...(names.includes("breaker_duration") && { duration: durationIn(config, name) }),
  };
}

/** The same as arguments of an operation. */
export function settingsIn(config: ResolvedConfig, name: string): AccountSettings {
  const { currency = "", same_currency, day_start, starting_equity } = accountIn(config, name);
  return {
    ...{ currency, sameCurrency: same_currency.join(" "), dayStart: dayStartOf(day_start) },
    ...{ breakerDuration: durationIn(config, name), startingEquity: starting_equity },
  };
}

async function join(
  backend: Backend,
  calls: FlowCalls,
  { name, settings }: { readonly name: string; readonly settings: AccountSettings },
  how: "connect" | "call",
  inCluster: FlowMover | undefined,
): Promise<OpenedFlow> {
  const epoch = newEpoch();
  if (inCluster && backend.place !== name) {
    const isOpen = await looked(calls);
    if (how === "connect" && isOpen && backend.place === undefined) throw needsCall(inCluster.flowId, name);
    return moved(backend, () => inCluster.moveIn(name, settings));
  }
  const args = { ...settings, name, how, newEpoch: epoch, accountEpoch: newEpoch() };
  return withNewEpoch(backend, epoch, () => calls.runUnfenced(joinAccount, args));
}

/** Moves the flow to another slot of its cluster, and continues there. */
async function moved(backend: Backend, move: () => Promise<unknown>): Promise<OpenedFlow> {
  await move();
  await backend.close();
  return backend.connect(true);
}

/** Whether the flow has something open that an account counts. Rejects with a StateLostError if the flow is not the one that was opened. */
async function looked(calls: FlowCalls): Promise<boolean> {
  const { positions, orders } = await calls.runUnfenced(snapshot, { dayStart: 0, dedupWindow: 0 });
  return positions.length > 0 || orders.some(({ intent }) => intent === "entry");
}

function needsCall(flowId: string, name: string): ConfigError {
  return new ConfigError(
    `flow ${flowId} has open positions or pending entries: joinAccount, or sf-state account join, takes them into account ${name}`,
  );
}

/** Takes the flow out of its account; undefined if it is in none. */
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
 * Continues under the epoch that a step gives the flow. If the step's answer was lost and the call was sent again, the second copy is refused because of
 * its old epoch. Then the flow's new epoch proves that the step happened.
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
