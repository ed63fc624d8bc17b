import { FencedError } from "../errors.js";
import type { Call, Operation } from "../operations/operation.js";
import type { FlowState } from "../state/flow-state.js";

/** Runs an operation's TypeScript twin on a state. Afterwards either all its changes are in the state's change log, or none was made. */
export function interpret<Args, Result>(
  operation: Operation<Args, Result>,
  state: FlowState,
  args: Args,
  call: Call,
): Result {
  if (operation.kind === "change" && call.lease !== "") checkLease(state, call);
  const { account } = state;
  try {
    const result = operation.apply(state, args, call);
    if (operation.kind === "change") (state.account ?? account)?.settle(state, call);
    return result;
  } catch (error) {
    state.changes.undo();
    (state.account ?? account)?.undo();
    throw error;
  }
}

/** Refuses a change under a lease that is no longer held. Lua twin: in `lua/shared/change.lua`. */
function checkLease({ lease }: FlowState, call: Call): void {
  const held = lease.value;
  if (String(held?.token) === call.lease && held && held.until > call.now) return;
  throw new FencedError(`lease ${call.lease} is not held; the flow's lease is ${held?.token ?? "free"}`);
}
