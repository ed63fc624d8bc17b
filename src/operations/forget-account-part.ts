import { accountOf } from "../state/account.js";
import { type Operation, text } from "./operation.js";

/** What an account no longer counts of a flow whose state was lost; undefined: it counted nothing of it. */
export interface ForgottenPart {
  readonly slots: number;
  readonly exposure: number;
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
    const [slots, exposure] = ["slots", "notional"].map((field) =>
      Number(account.fields.get(`${flowId}|${field}`) ?? 0),
    );
    if (!slots && !exposure) return undefined;

    account.release(flowId);
    account.tell("account_left", { flow: flowId, lost: "1" });

    return { slots: slots ?? 0, exposure: exposure ?? 0 };
  },
};
