/** An exchange account as callers see it, made from its stored texts. */
import { AccountState, durationOf } from "../state/account.js";
import type { AccountPart, AccountStatus, BreakerDurationOrigin } from "../types.js";
import { LIMIT_SETTERS, type LimitSetter, wordOf } from "../words/word-lists.js";
import { accountLimits, accountOrigins } from "./view-limits.js";
import { breakerView } from "./view-risk.js";

export function accountView(stored: ReadonlyMap<string, string>, now: number, name: string): AccountStatus {
  const account = new AccountState(name);
  for (const [field, value] of stored) account.move(field, value);
  const day = account.dayAt(now);
  const { equity, peak_equity, current_drawdown, starting_equity } = account.equity;
  return {
    name,
    at: new Date(now),
    currency: account.need("currency"),
    day,
    dailyPnl: Number(account.day < day ? "0" : account.need("daily_pnl")),
    ...(starting_equity !== null && { startingEquity: Number(starting_equity) }),
    ...(equity !== null && { equity: Number(equity) }),
    peakEquity: Number(peak_equity),
    currentDrawdown: current_drawdown,
    slots: account.slots,
    exposure: Number(account.need("notional")),
    slotsByPair: slotsIn(stored, "slots:"),
    limits: accountLimits(stored),
    limitOrigins: accountOrigins(stored, { get: (limit) => stored.get(`by:${limit}`) }),
    breakerDuration: durationView((field) => account.need(field)),
    breaker: breakerView(account.activeBreaker(now)),
    flows: partsOf(stored, day),
  };
}

/** How long the breaker lasts, from its stored texts. */
export function durationView(text: (field: string) => string): BreakerDurationOrigin {
  return {
    value: durationOf(text("breaker_duration")),
    by: limitSetterOf(text("duration_by")),
    who: text("duration_who"),
    at: new Date(Number(text("duration_at"))),
  };
}

function limitSetterOf(text: string): LimitSetter {
  const by = wordOf(LIMIT_SETTERS, text);
  if (by === undefined) throw new TypeError(`duration_by: expected ${LIMIT_SETTERS.join(" or ")}, got ${text}`);
  return by;
}

/** Slots by pair; a pair without slots is left out. */
function slotsIn(stored: ReadonlyMap<string, string>, prefix: string): Record<string, number> {
  const found = [...stored].filter(([field, count]) => field.startsWith(prefix) && count !== "0");
  return Object.fromEntries(found.map(([field, count]) => [field.slice(prefix.length), Number(count)]).sort());
}

/** The part of each flow, by its id. */
function partsOf(stored: ReadonlyMap<string, string>, day: string): AccountPart[] {
  const ids = [...stored.keys()].flatMap((field) => /^([A-Za-z0-9._-]+)\|slots$/.exec(field)?.[1] ?? []);
  return ids.sort().map((flowId) => {
    const number = (field: string) => Number(stored.get(`${flowId}|${field}`) ?? 0);
    return {
      flowId,
      slots: number("slots"),
      exposure: number("notional"),
      slotsByPair: slotsIn(stored, `${flowId}|slots:`),
      booked: number("booked"),
      transferred: number("transferred"),
      dailyPnl: stored.get(`${flowId}|day`) === day ? number("daily_pnl") : 0,
    };
  });
}
