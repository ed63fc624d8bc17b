/** Opening a flow: who opens it, and what has to hold before it is used. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { BackendContext } from "../backends/backend.js";
import type { ResolvedConfig } from "../config/schema.js";
import { setRiskLimits } from "../operations/set-risk-limits.js";
import * as check from "./check.js";
import type { FlowCalls } from "./flow-calls.js";
import type { ManagerOptions } from "./manager-options.js";
import { limitEntries, policyOf } from "./risk-arguments.js";

/** Who calls, and by which clock. */
export function contextOf(flowId: string, config: ResolvedConfig, options: ManagerOptions): BackendContext {
  const { instanceId, clock } = options;
  return {
    flowId,
    instance:
      instanceId === undefined
        ? `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`
        : check.id("options.instanceId", instanceId),
    maxEvents: config.events.max_length,
    ...(clock && { clock: () => check.time("options.clock()", clock()) }),
  };
}

/**
 * Writes the configured risk limits into the flow, where every bot of it finds them; what a call set is only made tighter. Answers, in
 * words, where the flow has another limit than the configuration.
 */
export async function writeLimits(calls: FlowCalls, { risk }: ResolvedConfig): Promise<string[]> {
  const { day_start, breaker_duration, opposite_side, ...limits } = risk;
  const configured = limitEntries(limits);
  if (configured.length === 0) return [];
  const { origins } = await calls.runUnfenced(setRiskLimits, { how: "connect", ...policyOf(risk), limits: configured });
  return configured.flatMap(([name, limit]) => {
    const stands = origins[name];
    if (stands === undefined || stands.value === limit) return [];
    const since = stands.at === undefined ? "" : `, set by ${stands.who} at ${stands.at.toISOString()}`;
    return [
      `${name} is ${stands.value}${since}; risk.${name} of the configuration, ${limit}, does not loosen it: sf-state risk unset ${name} does`,
    ];
  });
}
