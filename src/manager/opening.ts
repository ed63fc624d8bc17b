/** Opening a flow: who opens it, and what has to hold before it is used. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { BackendContext } from "../backends/backend.js";
import type { ResolvedConfig } from "../config/schema.js";
import { setRiskLimits } from "../operations/set-risk-limits.js";
import * as check from "./check.js";
import type { FlowCalls } from "./flow-calls.js";
import type { ManagerOptions } from "./manager-options.js";
import { limitEntries } from "./risk-arguments.js";

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

/** Writes the configured risk limits into the flow, where every bot of it finds them. */
export async function writeLimits(calls: FlowCalls, { risk }: ResolvedConfig): Promise<void> {
  const { day_start, breaker_duration, opposite_side, ...limits } = risk;
  const configured = limitEntries(limits);
  if (configured.length > 0) await calls.runUnfenced(setRiskLimits, { limits: configured });
}
