/** The flows of one exchange account (`recovery.account`): a set of their ids beside them, in the same Redis. */
import { isFlowId } from "../../config/flow-id.js";
import type { ResolvedConfig } from "../../config/schema.js";
import { StateError } from "../../errors.js";
import { RedisFlow } from "./flow.js";

/** Notes that the flow is one of the account. Where it is known already nothing is written: that goes at maxmemory, too. */
export async function joinAccount(config: ResolvedConfig["redis"], account: string, flowId: string): Promise<void> {
  using place = await placeOf(config, account);
  const key = membersKey(place);
  if ((await place.send("sismember", key, flowId)) === 0) await place.send("sadd", key, flowId);
}

/** Forgets that the flow is one of the account; false when it was none. */
export async function leaveAccount(config: ResolvedConfig["redis"], account: string, flowId: string): Promise<boolean> {
  using place = await placeOf(config, account);
  return (await place.send("srem", membersKey(place), flowId)) === 1;
}

/** A flow of the account, and what somebody saw of it, or why it does not let itself be seen. */
export type SeenFlow<Value> = { readonly flowId: string } & (
  | { readonly seen: Value }
  | { readonly failure: StateError }
);

/**
 * Looks at the other flows of the account, one after the other, by flow id; nothing is made by that. Rejects with a StateError where
 * the account itself cannot be read.
 */
export async function lookAtOthers<Value>(
  config: ResolvedConfig["redis"],
  account: string,
  flowId: string,
  look: (flow: RedisFlow) => Promise<Value>,
): Promise<SeenFlow<Value>[]> {
  using place = await placeOf(config, account);
  const members = await place.send("smembers", membersKey(place));
  const others = (Array.isArray(members) ? members.map(String) : [])
    .filter((member) => member !== flowId && isFlowId(member))
    .sort();
  const flows: SeenFlow<Value>[] = [];
  for (const other of others) {
    try {
      // In a cluster it may be on another server.
      using flow = config.cluster ? await connect(config, other) : place.beside(other);
      flows.push({ flowId: other, seen: await look(flow) });
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      flows.push({ flowId: other, failure: error });
    }
  }
  return flows;
}

/** No flow's id begins with @. */
function placeOf(config: ResolvedConfig["redis"], account: string): Promise<RedisFlow> {
  return connect(config, `@${account}`);
}

function connect(config: ResolvedConfig["redis"], flowId: string): Promise<RedisFlow> {
  return RedisFlow.connect(config, flowId, config.command_timeout);
}

function membersKey({ keys }: RedisFlow): string {
  return `${keys.prefix}members`;
}
