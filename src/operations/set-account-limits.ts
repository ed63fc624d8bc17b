import { ACCOUNT_LIMITS, type AccountLimitName, type AccountLimits } from "../config/account.js";
import { limitText } from "../layout/limit-text.js";
import { accountOf } from "../state/account.js";
import { breakerEndsAt, longerTrip } from "../state/breaker.js";
import { limitReached } from "../state/limit-reached.js";
import type { BreakerSource } from "../types.js";
import { type Operation, texts } from "./operation.js";
import { breakerEvent } from "./view-risk.js";

interface Args {
  /** null removes a limit. */
  readonly limits: readonly (readonly [AccountLimitName, number | null])[];
}

const CAUSES: { readonly [name in AccountLimitName]?: BreakerSource } = {
  max_daily_loss: "daily_loss",
  max_drawdown: "drawdown",
};

/** Answers with the limits that are in force. */
export const setAccountLimits: Operation<Args, AccountLimits> = {
  name: "set_account_limits",
  kind: "change",
  keys: ["account:risk", "account:events"],
  args: {},
  rest: {
    name: "limits",
    values: ({ limits }) => limits.flatMap(([name, limit]) => [name, limitText(name, limit)]),
  },
  decode(reply) {
    const told = texts(reply, 1);
    return accountLimits((name) => {
      const at = told.indexOf(name);
      return at < 0 ? undefined : Number(told[at + 1]);
    });
  },
  apply(state, { limits }, { now }) {
    const account = accountOf(state);
    const changes = limits.filter(([name, limit]) => limit !== (account.limit(name) ?? null));
    const among = new Set<BreakerSource | undefined>();
    for (const [name, limit] of changes) {
      const current = account.limit(name);
      if (limit !== null && (current === undefined || limit < current)) among.add(CAUSES[name]);
    }

    // The cause is looked for among the limits as they are set now.
    for (const [name, limit] of changes) {
      if (limit === null) account.fields.delete(name);
      else account.move(name, limitText(name, limit));
    }
    const day = account.dayAt(now);
    const row = {
      daily_pnl: account.pnlOn(day),
      consecutive_losses: 0,
      current_drawdown: account.equity.current_drawdown,
    };
    const cause = limitReached(row, account.breakerLimit, (source) => among.has(source));
    const until = breakerEndsAt(now, account.duration, account.dayStart, day);
    const trip = cause && longerTrip(account.activeBreaker(now), now, cause.source, cause.reason, until);
    if (changes.length > 0) {
      const told = changes.map(([name, limit]) => [name, limitText(name, limit)]);
      account.tell("account_limits_set", Object.fromEntries(told));
    }
    if (trip?.breaker) {
      account.tell("account_breaker_tripped", breakerEvent(trip.breaker));
      account.moveBreaker(trip.breaker);
    }

    return accountLimits((name) => account.limit(name));
  },
};

export function accountLimits(limit: (name: AccountLimitName) => number | undefined): AccountLimits {
  const limits: AccountLimits = {};
  for (const name of ACCOUNT_LIMITS) {
    const value = limit(name);
    if (value !== undefined) limits[name] = value;
  }
  return limits;
}
