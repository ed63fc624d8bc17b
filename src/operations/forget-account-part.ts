import { InvalidArgumentError } from "../errors.js";
import { accountOf } from "../state/account.js";
import { type Operation, text } from "./operation.js";

/** What was removed from an account for a flow whose state was lost; undefined: the account counted nothing of it. */
export interface ForgottenPart {
  readonly slots: number;
  readonly exposure: number;
}

/**
 * The error for a flow that exists: it has to leave by itself. On Redis the caller has looked for the flow, since the script cannot read another flow's
 * keys.
 */
export function keptPart(account: string, flowId: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `flowId: flow ${flowId} is there, and in account ${account}: it leaves with sf-state account leave --flow ${flowId}`,
  );
}

export const forgetAccountPart: Operation<{ readonly flowId: string }, ForgottenPart | undefined> = {
  name: "forget_account_part",
  kind: "change",
  keys: ["account:risk", "account:events"],
  args: {
    flow_id: (a) => a.flowId,
  },
  words: {
    flow_id: "whose state was lost",
  },
  decode(reply) {
    if (reply[0] === "none") return undefined;
    return { slots: Number(text(reply, 1)), exposure: Number(text(reply, 2)) };
  },
  apply(state, { flowId }) {
    const account = accountOf(state);
    if ([...account.members].some((member) => member.flowId === flowId)) throw keptPart(account.name, flowId);
    const [slots, exposure] = ["slots", "notional"].map((field) =>
      Number(account.fields.get(`${flowId}|${field}`) ?? 0),
    );
    if (!slots && !exposure) return undefined;

    account.release(flowId);
    account.tell("account_left", { flow: flowId, lost: "1" });

    return { slots: slots ?? 0, exposure: exposure ?? 0 };
  },
};
