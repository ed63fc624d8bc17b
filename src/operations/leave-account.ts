import { SCHEMA_VERSION } from "../state/flow-state.js";
import { type Operation, text } from "./operation.js";

/** Returns whether the flow left an account; false if it was in none. */
export const leaveAccount: Operation<
  { readonly newEpoch: string },
  { readonly left: boolean; readonly epoch: string }
> = {
  name: "leave_account",
  kind: "change",
  keys: ["risk:exposure"],
  args: {
    new_epoch: (a) => a.newEpoch,
  },
  words: {
    new_epoch: "the flow's, once it has left",
  },
  decode: (reply) => ({ left: reply[0] === "left", epoch: text(reply, 1) }),
  apply(state, { newEpoch }) {
    const { account, flowId } = state;
    const epoch = state.meta.value?.epoch ?? "";
    if (!account) return { left: false, epoch };

    account.release(flowId);
    account.tell("account_left", { flow: flowId });
    account.leave(state);
    const meta = state.meta.value;
    if (meta) state.meta.value = { ...meta, epoch: newEpoch, was: epoch, schema: SCHEMA_VERSION };

    return { left: true, epoch: newEpoch };
  },
};
