import type { AccountLimitName, AccountLimits, AccountSettingsGiven } from "../config/account.js";
import type { BreakerDuration } from "../config/duration.js";
import { limitText } from "../layout/limit-text.js";
import { limitOriginRow, limitOriginText } from "../layout/stored-records.js";
import { type AccountState, accountOf, changeAccountBreaker } from "../state/account.js";
import { breakerEndsAt, longerTrip } from "../state/breaker.js";
import { HOW_SET_WORDS, type HowSet, type LimitOrigin, limitChange, limitSetter } from "../state/limit-change.js";
import { limitReached } from "../state/limit-reached.js";
import type { AccountLimitOrigins, BreakerDurationOrigin, BreakerSource } from "../types.js";
import { type Operation, texts } from "./operation.js";
import { durationView } from "./view-account.js";
import { accountLimits, accountOrigins } from "./view-limits.js";

interface Args extends AccountSettingsGiven {
  readonly how: HowSet;
}

/** The limits in force of an account, and who set them. */
export interface AccountLimitsInForce {
  readonly limits: AccountLimits;
  readonly origins: AccountLimitOrigins;
  /** How long the breaker lasts. */
  readonly duration: BreakerDurationOrigin;
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
    duration: (a) => a.duration,
  },
  words: {
    how: HOW_SET_WORDS,
    duration: 'how long the breaker holds: ms, "until_day_end" or "until_reset"; "" = as it is',
  },
  rest: {
    name: "limits",
    values: ({ limits }) => limits.flatMap(([name, limit]) => [name, limitText(name, limit)]),
  },
  decode(reply) {
    const [limits, origins] = [new Map<string, string>(), new Map<string, string>()];
    const [value = "", by = "", who = "", at = "", ...told] = texts(reply, 1);
    const duration = { breaker_duration: value, duration_by: by, duration_who: who, duration_at: at };
    for (let i = 0; i < told.length; i += 3) {
      const name = told[i] ?? "";
      limits.set(name, told[i + 1] ?? "");
      origins.set(name, told[i + 2] ?? "");
    }
    return {
      limits: accountLimits(limits),
      origins: accountOrigins(limits, origins),
      duration: durationView((field) => new Map(Object.entries(duration)).get(field) ?? ""),
    };
  },
  apply(state, { how, limits, duration }, call) {
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

    const setsDuration = duration !== undefined && isOtherDuration(account, how, duration, setter);
    if (setsDuration) account.setDuration(duration, setter);

    // The breaker's cause is looked for after all limits are set.
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
    if (changes.length > 0 || setsDuration) {
      account.tell("account_limits_set", {
        ...(setsDuration && { breaker_duration: String(duration) }),
        ...Object.fromEntries(changes.map(({ name, limit }) => [name, limitText(name, limit)])),
        by: setter.by,
        ...(returned.length > 0 && { returned: returned.map(({ name }) => name).join(" ") }),
      });
    }
    if (trip) changeAccountBreaker(account, trip);

    return inForce(account);
  },
};

/** A connect does not change a duration that a call has set: neither of two durations is the tighter one. */
function isOtherDuration(account: AccountState, how: HowSet, duration: BreakerDuration, { by }: LimitOrigin): boolean {
  const stands = account.need("duration_by");
  if (how === "connect") return stands === "config" && duration !== account.duration;
  return duration !== account.duration || stands !== by;
}

function inForce(account: AccountState): AccountLimitsInForce {
  const { fields } = account;
  const by = { get: (name: AccountLimitName) => fields.get(`by:${name}`) };
  return {
    limits: accountLimits(fields),
    origins: accountOrigins(fields, by),
    duration: durationView((field) => account.need(field)),
  };
}
