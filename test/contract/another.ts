import type { Config, StateManager } from "../../src/index.js";
import type { Open, OpenOptions } from "./open.js";

/**
 * Another manager of the same flow, as another bot has it. Memory and DuckDB have one manager of a flow; there it is that one,
 * and stays open.
 */
export async function another(
  mgr: StateManager,
  open: Open,
  config: Config = {},
  options: OpenOptions = {},
): Promise<{ readonly other: StateManager } & AsyncDisposable> {
  if (mgr.config.backend !== "redis") return { other: mgr, async [Symbol.asyncDispose]() {} };
  const other = await open(config, { instanceId: "other", ...options, flowId: mgr.flowId });
  return { other, [Symbol.asyncDispose]: () => other.close() };
}
