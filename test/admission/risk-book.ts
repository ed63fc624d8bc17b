import { isDeepStrictEqual } from "node:util";
import type { LoggedEvent } from "../faults/record.js";
import { exactMoney, moneyText } from "./exact.js";
import { BREAKER_DURATION } from "./plan.js";
import { need } from "./told.js";

/** A breaker as it was tripped. */
export interface Breaker {
  readonly reason: string;
  readonly source: string;
  readonly trippedAt: number;
  /** ms; absent: until it is reset. */
  readonly until?: number;
}

interface Day {
  readonly day: string;
  readonly pnl: bigint;
  readonly trades: number;
  /** Whole results of the trades that ended on it; the rest of its PnL is the change of results that are open. */
  readonly closed: bigint;
}

/** The money that an event books on the day of `ts`, and the trades that it ends, each on the day of its own. */
export interface Booking {
  readonly pnl: bigint;
  readonly ts: number;
  readonly trades: readonly { readonly result: bigint; readonly ts: number }[];
}

/** A day as it is written down. Nobody here books on trades that have ended, cash, or what belongs to no trade. */
export function dayFields({
  closed,
}: {
  readonly closed: bigint;
}): Record<"closed" | "later" | "cash" | "untied", string> {
  return { closed: moneyText(closed), later: "0", cash: "0", untied: "0" };
}

/** The day's sum, the streak, the history and the breaker as the events tell them, each reckoned again and compared. */
export class RiskBook {
  readonly limits = new Map<string, string>();
  /** JSON of who set them. */
  readonly limitsBy = new Map<string, string>();
  readonly history = new Map<string, Day>();
  today: Day | undefined;
  losses = 0;
  breaker: Breaker | undefined;
  /** Trades that ended, on whichever day. */
  trades = 0;

  constructor(
    /** ms after midnight UTC. */
    private readonly dayStart: number,
    private readonly complain: (what: string) => void,
  ) {}

  isBreakerActive(at: number): boolean {
    return this.breaker !== undefined && (this.breaker.until === undefined || at < this.breaker.until);
  }

  get isLossAtLimit(): boolean {
    const limit = this.limits.get("max_daily_loss");
    return limit !== undefined && (this.today?.pnl ?? 0n) <= -exactMoney(limit);
  }

  /** A limit of the day's loss that becomes tighter trips at once, where today's loss has reached it. */
  limitsSet(event: LoggedEvent): void {
    const [at, by] = [Number(event.at), need(event, "by")];
    const lossBefore = Number(this.limits.get("max_daily_loss") ?? Number.POSITIVE_INFINITY);
    for (const [name, limit = ""] of Object.entries(event)) {
      if (!name.startsWith("max_")) continue;
      const who = this.limitsBy.get(name);
      if (this.limits.get(name) === limit && who?.includes(`"by":"${by}"`))
        this.complain(`${name} was ${limit} before`);
      this.limits.set(name, limit);
      this.limitsBy.set(name, JSON.stringify({ by, who: event.instance, at }));
    }
    const isTighter = Number(this.limits.get("max_daily_loss")) < lossBefore;
    const isToday = this.today !== undefined && this.today.day >= this.#dayOf(at);
    this.#tripsWhenDue(event, at, isTighter && isToday && this.isLossAtLimit ? "daily_loss" : undefined);
  }

  booked(event: LoggedEvent, { pnl, ts, trades }: Booking): void {
    const at = Number(event.at);
    const late = new Map<string, Day>();
    const before = { pnl: this.today?.pnl ?? 0n, losses: this.losses };
    this.#book(at, ts, late, (day) => ({ ...day, pnl: day.pnl + pnl }));
    for (const { result, ts: endTs } of trades) {
      this.trades += 1;
      this.#book(at, endTs, late, (day) => ({ ...day, trades: day.trades + 1, closed: day.closed + result }));
      if (result < 0n) this.losses += 1;
      else if (result > 0n) this.losses = 0;
    }
    for (const day of late.values()) this.history.set(day.day, day);
    this.#tells(event, late);
    this.#tripsWhenDue(event, at, this.#limitReached(before));
  }

  trippedByHand(event: LoggedEvent): void {
    const at = Number(event.at);
    const next = breakerOf(event);
    if (next.source !== "manual") this.complain(`a breaker tripped by hand says ${next.source}`);
    if (this.isBreakerActive(at)) {
      if (next.trippedAt !== this.breaker?.trippedAt) this.complain("a breaker that was active tripped again");
      if (!isLonger(next, this.breaker)) this.complain(`a trip by hand shortened the breaker to ${next.until}`);
    } else if (next.trippedAt !== at) this.complain(`the breaker says it tripped at ${next.trippedAt}`);
    this.breaker = next;
  }

  reset(event: LoggedEvent): void {
    if (this.breaker === undefined) this.complain("a breaker was reset, and none had tripped");
    const clears = this.breaker?.source === "consecutive_losses";
    if ((event.consecutive_losses === "0") !== clears) {
      this.complain(`the reset of ${this.breaker?.source} told a streak of ${event.consecutive_losses}`);
    }
    if (clears) this.losses = 0;
    this.breaker = undefined;
  }

  #book(at: number, ts: number, late: Map<string, Day>, change: (day: Day) => Day): void {
    this.today ??= { day: this.#dayOf(at), pnl: 0n, trades: 0, closed: 0n };
    const day = this.#dayOf(ts);
    if (day >= this.today.day) this.today = change(this.today);
    else late.set(day, change(late.get(day) ?? this.history.get(day) ?? { day, pnl: 0n, trades: 0, closed: 0n }));
  }

  #tells(event: LoggedEvent, late: ReadonlyMap<string, Day>): void {
    const { day = "", pnl = 0n, trades = 0 } = this.today ?? {};
    const expected: Record<string, string> = {
      day,
      daily_pnl: moneyText(pnl),
      daily_trades: `${trades}`,
      consecutive_losses: `${this.losses}`,
      equity: "",
      peak_equity: "0",
      current_drawdown: "0",
      ...dayFields(this.today ?? { closed: 0n }),
    };
    for (const [name, value] of Object.entries(expected)) {
      if (event[name] !== value) this.complain(`${name} is ${event[name]}, not ${value}`);
    }
    const told: unknown = JSON.parse(event.late ?? "[]");
    const days = [...late.values()].map((booked) => ({ ...booked, pnl: moneyText(booked.pnl), ...dayFields(booked) }));
    if (!isDeepStrictEqual(told, days)) this.complain(`booked late: ${event.late}, not ${JSON.stringify(days)}`);
  }

  /** `source`: what has reached its limit, if the event may trip for it. */
  #tripsWhenDue(event: LoggedEvent, at: number, source: string | undefined): void {
    const wasActive = this.isBreakerActive(at);
    const trippedAt = wasActive ? (this.breaker?.trippedAt ?? 0) : at;
    const due: Breaker | undefined =
      source === undefined
        ? undefined
        : { reason: event.breaker_reason ?? "", source, trippedAt, until: at + BREAKER_DURATION };
    const changes = due !== undefined && (!wasActive || isLonger(due, this.breaker));
    const trips = changes && !wasActive;
    if ((event.tripped === "1") !== trips) this.complain(`the breaker ${trips ? "did not trip" : "tripped"}`);
    const told = event.breaker_source === undefined ? undefined : breakerOf(event);
    const expected = changes ? due : undefined;
    if (!isDeepStrictEqual(told, expected)) {
      this.complain(`the breaker is ${JSON.stringify(told)}, not ${JSON.stringify(expected)}`);
    }
    if (told && !told.reason.includes(this.limits.get(LIMIT_OF[told.source] ?? "") ?? "?")) {
      this.complain(`the reason does not name the limit: ${told.reason}`);
    }
    if (changes) this.breaker = due;
  }

  #limitReached(before: { readonly pnl: bigint; readonly losses: number }): string | undefined {
    if (this.isLossAtLimit && (this.today?.pnl ?? 0n) < before.pnl) return "daily_loss";
    const limit = this.limits.get("max_consecutive_losses");
    const isAtLimit = limit !== undefined && this.losses >= Number(limit);
    return isAtLimit && this.losses > before.losses ? "consecutive_losses" : undefined;
  }

  /** The day that is open. */
  openDay(at: number): string {
    const [open = "", clock] = [this.today?.day, this.#dayOf(at)];
    return open > clock ? open : clock;
  }

  #dayOf(ms: number): string {
    return new Date(ms - this.dayStart).toISOString().slice(0, 10);
  }
}

const LIMIT_OF: Readonly<Record<string, string>> = {
  daily_loss: "max_daily_loss",
  consecutive_losses: "max_consecutive_losses",
};

function isLonger(next: Breaker, active: Breaker | undefined): boolean {
  return active?.until !== undefined && (next.until === undefined || next.until > active.until);
}

function breakerOf(event: LoggedEvent): Breaker {
  const until = need(event, "breaker_until");
  return {
    reason: need(event, "breaker_reason"),
    source: need(event, "breaker_source"),
    trippedAt: Number(need(event, "breaker_tripped_at")),
    ...(until !== "" && { until: Number(until) }),
  };
}
