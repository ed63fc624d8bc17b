import type { AccountLimitName, AccountLimits } from "../config/account.js";
import { limitText } from "../layout/limit-text.js";
import { limitOriginRow, limitOriginText } from "../layout/stored-records.js";
import { type AccountState, accountOf } from "../state/account.js";
import { breakerEndsAt, longerTrip } from "../state/breaker.js";
import { HOW_SET_WORDS, type HowSet, limitChange, limitSetter } from "../state/limit-change.js";
import { limitReached } from "../state/limit-reached.js";
import type { AccountLimitOrigins, BreakerSource } from "../types.js";
import { type Operation, texts } from "./operation.js";
import { accountLimits, accountOrigins } from "./view-limits.js";
import { breakerEvent } from "./view-risk.js";

interface Args {
  readonly how: HowSet;
  /** null removes a limit. */
  readonly limits: readonly (readonly [AccountLimitName, number | null])[];
}

/** The limits of an account that are in force, and who set them. */
export interface AccountLimitsInForce {
  readonly limits: AccountLimits;
  readonly origins: AccountLimitOrigins;
}

const CAUSES: { readonly [name in AccountLimitName]?: BreakerSource } = {
  max_daily_loss: "daily_loss",
  max_drawdown: "drawdown",
};

export const setAccountLimits: Operation<Args, AccountLimitsInForce> = {
  name: "set_account_limits",
  kind: "change",
  keys: ["account:risk", "account:events"],
  args: {
    how: (a) => a.how,
  },
  words: {
    how: HOW_SET_WORDS,
  },
  rest: {
    name: "limits",
    values: ({ limits }) => limits.flatMap(([name, limit]) => [name, limitText(name, limit)]),
  },
  decode(reply) {
    const [limits, origins] = [new Map<string, string>(), new Map<string, string>()];
    const told = texts(reply, 1);
    for (let at = 0; at < told.length; at += 3) {
      const name = told[at] ?? "";
      limits.set(name, told[at + 1] ?? "");
      origins.set(name, told[at + 2] ?? "");
    }
    return { limits: accountLimits(limits), origins: accountOrigins(limits, origins) };
  },
  apply(state, { how, limits }, call) {
    const account = accountOf(state);
    const { now } = call;
    const setter = limitSetter(how, call);
    const changes = limits.flatMap(([name, limit]) => {
      const [text, by] = [account.fields.get(name) ?? null, account.fields.get(`by:${name}`)];
      const stored = by === undefined ? undefined : limitOriginRow(name, by);
      return limitChange(how, name, limit, { current: account.limit(name) ?? null, text, stored }, setter) ?? [];
    });
    const among = new Set<BreakerSource | undefined>();
    for (const { name, limit } of changes) {
      const current = account.limit(name);
      if (limit !== null && (current === undefined || limit < current)) among.add(CAUSES[name]);
    }

    // The cause is looked for among the limits as they are set now.
    for (const { name, limit, origin } of changes) {
      if (limit === null) account.fields.delete(name);
      else account.move(name, limitText(name, limit));
      if (origin === null) account.fields.delete(`by:${name}`);
      else account.move(`by:${name}`, limitOriginText({ limit: name, ...origin }));
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
    const returned = changes.filter(({ isReturned }) => isReturned);
    if (changes.length > 0) {
      account.tell("account_limits_set", {
        ...Object.fromEntries(changes.map(({ name, limit }) => [name, limitText(name, limit)])),
        by: setter.by,
        ...(returned.length > 0 && { returned: returned.map(({ name }) => name).join(" ") }),
      });
    }
    if (trip?.breaker) {
      account.tell("account_breaker_tripped", breakerEvent(trip.breaker));
      account.moveBreaker(trip.breaker);
    }

    return inForce(account);
  },
};

function inForce({ fields }: AccountState): AccountLimitsInForce {
  const by = { get: (name: AccountLimitName) => fields.get(`by:${name}`) };
  return { limits: accountLimits(fields), origins: accountOrigins(fields, by) };
}
