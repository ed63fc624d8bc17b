/** Opening a flow: the caller's context, and what has to hold before the flow is used. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { BackendContext } from "../backends/backend.js";
import type { Loss } from "../backends/loss.js";
import type { ResolvedConfig } from "../config/schema.js";
import { ConfigError } from "../errors.js";
import { getRiskState } from "../operations/get-risk-state.js";
import { setCurrency } from "../operations/set-currency.js";
import { setGuards } from "../operations/set-guards.js";
import { setRiskLimits } from "../operations/set-risk-limits.js";
import { startEquity } from "../operations/start-equity.js";
import { guardsText } from "../state/guards.js";
import * as check from "./check.js";
import type { CurrencyWatch } from "./currency-watch.js";
import type { FlowCalls } from "./flow-calls.js";
import { limitDifferences } from "./limit-differences.js";
import type { ManagerOptions } from "./manager-options.js";
import { currencyArguments, limitEntries, policyOf } from "./risk-arguments.js";

/** Who calls, and by which clock. */
export function contextOf(flowId: string, config: ResolvedConfig, options: ManagerOptions, loss: Loss): BackendContext {
  const { instanceId, clock, logger, existing } = options;
  return {
    flowId,
    instance:
      instanceId === undefined
        ? `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`
        : check.id("options.instanceId", instanceId),
    maxEvents: config.events.max_length,
    ...(config.account && { account: config.account.name }),
    ...(options.accounts && { accounts: options.accounts }),
    loss,
    isVisitor: existing === true,
    ...(logger && { warn: (message: string) => logger.warn(`flow ${flowId}: ${message}`) }),
    ...(clock && { clock: () => check.time("options.clock()", clock()) }),
  };
}

/** Writes the configured currency into the flow. Throws a ConfigError if the flow is counted in another one. */
export async function writeCurrency(calls: FlowCalls, { risk }: ResolvedConfig, watch: CurrencyWatch): Promise<void> {
  const { currency, same_currency } = risk;
  if (currency === undefined && same_currency.length === 0 && !watch.wants) return;
  const flow = await calls.runUnfenced(setCurrency, currencyArguments(currency, same_currency));
  if (flow.isOther) {
    throw new ConfigError(
      `config.risk.currency: expected ${flow.currency}, which the flow is counted in, got ${JSON.stringify(currency)}; another currency is another flow`,
    );
  }
  watch.know(flow.currency);
}

/**
 * Writes the configured risk limits into the flow, for all its bots. A limit that a call has set is only made tighter. A limit that becomes tighter and
 * is reached trips the breaker. Resolves to lines that say where the flow has another limit than the configuration.
 */
export async function writeLimits(calls: FlowCalls, { risk }: ResolvedConfig): Promise<string[]> {
  const { day_start, breaker_duration, opposite_side, starting_equity, currency, same_currency, guards, ...limits } =
    risk;
  const configured = limitEntries(limits);
  if (configured.length === 0) return [];
  const { origins } = await calls.runUnfenced(setRiskLimits, { how: "connect", ...policyOf(risk), limits: configured });
  return limitDifferences(configured, origins, {
    of: "",
    section: "risk",
    unset: (name) => `sf-state risk unset ${name}`,
  });
}

/** Replaces the flow's guards by the configured ones. If none are configured, the flow keeps its own. Resolves to a line if they differed. */
export async function writeGuards(calls: FlowCalls, { risk: { guards } }: ResolvedConfig): Promise<string | undefined> {
  if (guards.length === 0) return undefined;
  const before = await calls.runUnfenced(setGuards, { guards });
  const configured = guardsText(guards);
  if (before === "" || before === configured) return undefined;
  return `risk.guards: the flow had ${before}; from now on it has the configured ones, ${configured}`;
}

/** Writes the configured starting equity if none was set before. Warns if it does not count, and if a drawdown limit can never be reached. */
export async function writeEquity(
  calls: FlowCalls,
  { risk }: ResolvedConfig,
  warn: (message: string) => void,
): Promise<void> {
  const { dayStart } = policyOf(risk);
  const { starting_equity: equity } = risk;
  if (equity !== undefined) {
    const counts = await calls.runUnfenced(startEquity, { equity, dayStart });
    if (counts !== equity) {
      warn(`risk.starting_equity: ${equity} changes nothing, ${counts} was set before; a deposit is a recordTransfer`);
    }
  }
  if (risk.max_drawdown === undefined) return;
  const { peakEquity } = await calls.runUnfenced(getRiskState, { dayStart });
  if (peakEquity <= 0) warn(NO_EQUITY);
}

export const NO_EQUITY =
  "risk.max_drawdown limits nothing as long as no equity is known: set risk.starting_equity, or report equity with updateEquity";
