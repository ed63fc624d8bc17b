import type { AccountStatus } from "../types.js";
import { type Operation, text } from "./operation.js";
import { accountView } from "./view-account.js";
import { pairsFromReply } from "./view-signals.js";

/** Undefined if the flow is in no account. */
export const getAccount: Operation<void, AccountStatus | undefined> = {
  name: "get_account",
  kind: "read",
  keys: [],
  asksAccount: true,
  args: {},
  decode(reply) {
    if (reply[0] === "none") return undefined;
    return accountView(new Map(pairsFromReply(reply, 3)), Number(text(reply, 2)), text(reply, 1));
  },
  apply({ account }, _, { now }) {
    return account && accountView(new Map(account.fields.entries()), now, account.name);
  },
};
