import type { BreakerDuration } from "../config/duration.js";
import { accountOf, changeAccountBreaker } from "../state/account.js";
import { breakerEndsAt, longerTrip } from "../state/breaker.js";
import type { CircuitBreaker } from "../types.js";
import type { Operation } from "./operation.js";
import { breakerFromReply, breakerView } from "./view-risk.js";

interface Args {
  readonly reason: string;
  /** Undefined: the account's own. */
  readonly duration: BreakerDuration | undefined;
}

export const tripAccount: Operation<Args, CircuitBreaker> = {
  name: "trip_account",
  kind: "change",
  keys: ["account:risk", "account:events"],
  args: {
    reason: (a) => a.reason,
    duration: (a) => a.duration,
  },
  words: {
    reason: "",
    duration: `ms, "until_day_end" or "until_reset"; "" = the account's own`,
  },
  decode: (reply) => breakerFromReply(reply, 1),
  apply(state, a, { now }) {
    const account = accountOf(state);

    const until = breakerEndsAt(now, a.duration ?? account.duration, account.dayStart, account.dayAt(now));
    const change = longerTrip(account.activeBreaker(now), now, "manual", a.reason, until);

    changeAccountBreaker(account, change);

    return breakerView(account.activeBreaker(now));
  },
};
