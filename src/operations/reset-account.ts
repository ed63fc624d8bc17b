import { accountOf } from "../state/account.js";
import { acknowledged } from "../state/equity.js";
import type { Operation } from "./operation.js";

/** Returns whether the breaker was active. */
export const resetAccount: Operation<{ readonly reason: string }, boolean> = {
  name: "reset_account",
  kind: "change",
  keys: ["account:risk", "account:events"],
  args: {
    reason: (a) => a.reason,
  },
  decode: (reply) => reply[0] === "reset",
  apply(state, { reason }, { now }) {
    const account = accountOf(state);
    const last = account.lastBreaker;
    if (!last) return false;
    const wasActive = account.activeBreaker(now) !== undefined;

    account.clearBreaker();
    if (last.source === "drawdown") account.moveEquity(acknowledged(account.equity, now));
    account.tell("account_breaker_reset", { reason });

    return wasActive;
  },
};
