import type { Duration } from "../../src/config/duration.js";
import type { Config } from "../../src/config/schema.js";
import { StateManager } from "../../src/manager/state-manager.js";
import { COUNTER, MAX_DAILY_LOSS, PAIR, type Plan, sharedPositions } from "./plan.js";

/** The configuration of a flow whose trading day began a minute before the tests did, and which forgets no event. */
export function flowConfig(url: string, commandTimeout: Duration): Config {
  return {
    backend: "redis",
    redis: { url, command_timeout: commandTimeout },
    risk: { max_daily_loss: MAX_DAILY_LOSS, breaker_duration: "until_reset", day_start: DAY_START },
    events: { max_length: 1_000_000 },
  };
}

/** Makes a flow with what the plan's workers share. */
export async function prepareFlow(flowId: string, config: Config, plan: Plan): Promise<void> {
  await using manager = await StateManager.open(flowId, config, { instanceId: "parent" });
  const position = { pair: PAIR, side: "long", size: 1, entryPrice: 1 } as const;
  for (const id of sharedPositions(plan)) await manager.savePosition({ id, ...position });
  await manager.savePosition({ id: COUNTER, ...position, metadata: { count: 0 } });
}

const DAY_START = new Date(Date.now() - 60_000).toISOString().slice(11, 16);
