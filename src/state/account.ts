/**
 * The exchange account of a flow: limits and a breaker over all its flows. It is kept as Redis keeps it, a hash of texts: settings, limits,
 * breaker, the sums over the flows and, under `flow id|`, the part that each flow has of them. Lua twins: `lua/shared/account.lua`,
 * `lua/shared/account_booking.lua`.
 */
import type { AccountLimitName } from "../config/account.js";
import type { BreakerDuration } from "../config/duration.js";
import type { RiskLimitName } from "../config/risk-limits.js";
import { InvalidArgumentError } from "../errors.js";
import { formatMoney, type Money, parseMoney, withinMoney } from "../exact/money.js";
import type { BreakerRow } from "../records/breaker.js";
import { BREAKER_ENDS, BREAKER_SOURCES, type EventType, wordOf } from "../words/word-lists.js";
import { type BreakerChange, breakerEndsAt, longerTrip } from "./breaker.js";
import { dayOf } from "./day.js";
import { type Equity, followed, transferred } from "./equity.js";
import type { FlowState, Speaker } from "./flow-state.js";
import type { LimitOrigin } from "./limit-change.js";
import { limitReached } from "./limit-reached.js";
import { ChangeLog, Table } from "./table.js";

/** Where the texts of an account are kept. */
export interface AccountTexts {
  get(field: string): string | undefined;
  set(field: string, text: string): void;
  delete(field: string): boolean;
  entries(): IterableIterator<[string, string]>;
}

/** Where accounts are kept, and which one a flow is in. */
export interface KeptAccounts {
  /** The account of that name, as it stands; an empty one where there is none yet. */
  of(name: string): AccountState;
  entered(name: string): void;
  left(): void;
}

export class AccountState {
  readonly fields: AccountTexts;
  readonly #changes: ChangeLog;
  /** Whether its changes are those of its flow: made durable, or taken back, with them. */
  readonly #isOfFlow: boolean;
  /** Its flows in this process. */
  readonly members = new Set<FlowState>();
  /** A flow that leaves in the step under way. */
  #leaving: FlowState | undefined;
  /** What its flows have to be told of the step under way. */
  #untold: { readonly type: EventType; readonly fields: () => Record<string, string> }[] = [];

  /** `log`, `texts`: of the flow that it is kept with. */
  constructor(
    readonly name: string,
    log?: ChangeLog,
    texts?: AccountTexts,
  ) {
    this.#isOfFlow = log !== undefined;
    this.#changes = log ?? new ChangeLog();
    this.fields = texts ?? new Table<string>("account", this.#changes);
  }

  get exists(): boolean {
    return this.fields.get("epoch") !== undefined;
  }

  /** Throws where the account has no such field. */
  need(field: string): string {
    const value = this.fields.get(field);
    if (value === undefined) throw new TypeError(`account ${this.name}: ${field} is missing`);
    return value;
  }

  get day(): string {
    return this.need("day");
  }

  /** ms after midnight UTC. */
  get dayStart(): number {
    return Number(this.need("day_start"));
  }

  /** The day at `now`: that of the clock or, if later, the one that is open. */
  dayAt(now: number): string {
    const today = dayOf(now, this.dayStart);
    return today > this.day ? today : this.day;
  }

  /** What all flows have booked on a day; nothing where it is later than the account's. */
  pnlOn(day: string): Money {
    return this.day < day ? 0n : parseMoney(this.need("daily_pnl"));
  }

  get notional(): Money {
    return parseMoney(this.need("notional"));
  }

  get slots(): number {
    return Number(this.need("slots"));
  }

  slotsIn(pair: string): number {
    return Number(this.fields.get(`slots:${pair}`) ?? 0);
  }

  limit(name: AccountLimitName): number | undefined {
    const limit = this.fields.get(name);
    return limit === undefined ? undefined : Number(limit);
  }

  /** The limits that trip the account's breaker. */
  readonly breakerLimit = (name: RiskLimitName): number | undefined =>
    name === "max_daily_loss" || name === "max_drawdown" ? this.limit(name) : undefined;

  get duration(): BreakerDuration {
    return durationOf(this.need("breaker_duration"));
  }

  /** Sets how long its breaker holds. */
  setDuration(duration: BreakerDuration, { by, who, at }: Pick<LimitOrigin, "by" | "who" | "at">): void {
    this.move("breaker_duration", String(duration));
    this.move("duration_by", by);
    this.move("duration_who", who);
    this.move("duration_at", String(at));
  }

  /** The breaker as it last tripped. */
  get lastBreaker(): BreakerRow | undefined {
    const source = wordOf(BREAKER_SOURCES, this.fields.get("breaker_source"));
    if (!source) return undefined;
    const until = this.need("breaker_until");
    return {
      reason: this.need("breaker_reason"),
      source,
      tripped_at: Number(this.need("breaker_tripped_at")),
      until: until === "" ? null : Number(until),
    };
  }

  /** The breaker, when it blocks entries at `now`. */
  activeBreaker(now: number): BreakerRow | undefined {
    const breaker = this.lastBreaker;
    return breaker && (breaker.until === null || now < breaker.until) ? breaker : undefined;
  }

  get equity(): Equity {
    const peakAt = this.fields.get("peak_at");
    return {
      equity: this.fields.get("equity") ?? null,
      peak_equity: this.need("peak_equity"),
      current_drawdown: Number(this.need("current_drawdown")),
      equity_by: "books",
      reported_at: null,
      peak_at: peakAt === undefined ? null : Number(peakAt),
      starting_equity: this.fields.get("starting_equity") ?? null,
    };
  }

  /** Writes a field, unless it has that value. */
  move(field: string, value: string): void {
    if (this.fields.get(field) !== value) this.fields.set(field, value);
  }

  /** Brings the flow's part of the exposure, and with it the sums, to where the flow's exposure is. */
  #follow({ flowId, exposure }: FlowState): void {
    const part = `${flowId}|`;
    const notional = exposure.notional - parseMoney(this.need(`${part}notional`));
    const slots = exposure.slots - Number(this.need(`${part}slots`));
    this.move("notional", formatMoney(this.notional + notional));
    this.move("slots", String(this.slots + slots));
    this.move(`${part}notional`, formatMoney(exposure.notional));
    this.move(`${part}slots`, String(exposure.slots));
    for (const pair of exposure.takeMoved()) {
      const own = exposure.slotsIn(pair);
      const more = own - Number(this.fields.get(`${part}slots:${pair}`) ?? 0);
      if (more === 0) continue;
      this.move(`slots:${pair}`, String(this.slotsIn(pair) + more));
      this.move(`${part}slots:${pair}`, String(own));
    }
  }

  moveEquity({ equity, peak_equity, current_drawdown, peak_at }: Equity): void {
    if (equity !== null) this.move("equity", equity);
    this.move("peak_equity", peak_equity);
    this.move("current_drawdown", String(current_drawdown));
    if (peak_at !== null) this.move("peak_at", String(peak_at));
  }

  moveBreaker({ reason, source, tripped_at, until }: BreakerRow): void {
    this.move("breaker_reason", reason);
    this.move("breaker_source", source);
    this.move("breaker_tripped_at", String(tripped_at));
    this.move("breaker_until", until === null ? "" : String(until));
  }

  clearBreaker(): void {
    for (const field of ["reason", "source", "tripped_at", "until"]) this.fields.delete(`breaker_${field}`);
  }

  /** Takes what a flow holds off the sums; what it booked stays. */
  release(flowId: string): void {
    const part = `${flowId}|`;
    this.move("notional", formatMoney(this.notional - parseMoney(this.need(`${part}notional`))));
    this.move("slots", String(this.slots - Number(this.need(`${part}slots`))));
    this.move(`${part}notional`, "0");
    this.move(`${part}slots`, "0");
    const prefix = `${part}slots:`;
    for (const [field, count] of [...this.fields.entries()].filter(([each]) => each.startsWith(prefix))) {
      const pair = field.slice(prefix.length);
      if (count !== "0") this.move(`slots:${pair}`, String(this.slotsIn(pair) - Number(count)));
      this.fields.delete(field);
    }
  }

  /** The flow is in this account from now on; its part stands at nothing. */
  enter(flow: FlowState): void {
    flow.account = this;
    this.members.add(flow);
    flow.accounts?.entered(this.name);
    this.move(`${flow.flowId}|notional`, "0");
    this.move(`${flow.flowId}|slots`, "0");
    flow.exposure.moveAll();
  }

  /** The flow is in no account from the end of this step on. */
  leave(flow: FlowState): void {
    this.#leaving = flow;
    flow.account = undefined;
    flow.accounts?.left();
  }

  /** Has the flow's part anew: what it held was another state of it. */
  replace(flow: FlowState): void {
    this.release(flow.flowId);
    flow.exposure.moveAll();
    this.#follow(flow);
  }

  /** Notes what all flows of the account are to be told of the step under way. */
  tell(type: EventType, fields: Record<string, string>): void {
    this.#untold.push({ type, fields: () => ({ account: this.name, ...fields }) });
  }

  /** Ends a step of a flow: the sums follow its exposure, the flows are told. Lua twin: `answer`. */
  settle(flow: FlowState, call: Speaker): void {
    if (flow.account === this) this.#follow(flow);
    if (!this.#isOfFlow) this.#changes.take();
    for (const { type, fields } of this.#untold.splice(0)) {
      for (const member of this.members) {
        member.emit(call, type, fields);
        if (member === flow) continue;
        // It stands, whatever becomes of the next step of that flow.
        member.changes.take();
        member.woken?.();
      }
    }
    if (this.#leaving) this.members.delete(this.#leaving);
    this.#leaving = undefined;
  }

  /** Takes back a step that failed. */
  undo(): void {
    if (!this.#isOfFlow) this.#changes.undo();
    this.#untold = [];
    this.#leaving = undefined;
  }
}

/** How long a breaker holds, as it is stored. */
export function durationOf(text: string): BreakerDuration {
  return wordOf(BREAKER_ENDS, text) ?? Number(text);
}

/** What a flow's booking does to its account, decided but not yet written. */
export interface AccountBooking {
  readonly day: string;
  readonly pnl: Money;
  readonly equity: Equity;
  readonly booked: Money;
  readonly transferred: Money;
  readonly partDay: string;
  readonly partPnl: Money;
  readonly trip: BreakerChange | undefined;
}

/** What a flow books, or transfers. */
export interface BookedInAccount {
  readonly flowId: string;
  /** The day that is open, of account and flow. */
  readonly day: string;
  readonly now: number;
  /** ms after midnight UTC. */
  readonly dayStart: number;
}

/** Books money of a flow, on the day that is open or an earlier one; undefined: nothing. Throws when a sum leaves 9e15. */
export function bookInAccount(
  account: AccountState,
  amount: Money,
  isToday: boolean,
  at: BookedInAccount,
): AccountBooking | undefined {
  if (amount === 0n) return undefined;
  const { day, now, dayStart } = at;
  const stands = standing(account, at);
  const booked = stands.booked + amount;
  const pnl = isToday ? stands.pnl + amount : stands.pnl;
  if (!withinMoney(pnl) || !withinMoney(booked)) {
    throw new InvalidArgumentError(`pnl: the sum of account ${account.name} would leave +-9e15; nothing was booked`);
  }
  const equity = followed(stands.equity, amount, now);
  const isWorse = {
    daily_loss: pnl < stands.pnl,
    drawdown: equity.current_drawdown > stands.equity.current_drawdown,
    consecutive_losses: false,
    manual: false,
  };
  const cause = limitReached(
    { daily_pnl: pnl, consecutive_losses: 0, current_drawdown: equity.current_drawdown },
    account.breakerLimit,
    (source) => isWorse[source],
  );
  const until = cause && breakerEndsAt(now, account.duration, dayStart, day);
  const trip = cause && longerTrip(account.activeBreaker(now), now, cause.source, cause.reason, until ?? null);
  return {
    ...stands,
    booked,
    pnl,
    equity,
    ...(isToday && { partDay: day, partPnl: stands.partDay === day ? stands.partPnl + amount : amount }),
    trip,
  };
}

/** A deposit or a withdrawal of a flow at `ts`. It never trips. */
export function transferInAccount(
  account: AccountState,
  amount: Money,
  ts: number,
  at: BookedInAccount,
): AccountBooking {
  const stands = standing(account, at);
  return {
    ...stands,
    transferred: stands.transferred + amount,
    equity: transferred(stands.equity, amount, ts, at.now),
  };
}

/** As it stands before a booking, the day having rolled. */
function standing(account: AccountState, { flowId, day }: BookedInAccount): AccountBooking {
  const part = `${flowId}|`;
  const money = (field: string) => parseMoney(account.fields.get(part + field) ?? "0");
  return {
    day,
    pnl: account.pnlOn(day),
    equity: account.equity,
    booked: money("booked"),
    transferred: money("transferred"),
    partDay: account.fields.get(`${part}day`) ?? "",
    partPnl: money("daily_pnl"),
    trip: undefined,
  };
}

/** A breaker that changed is told to all flows of the account, once. */
export function writeAccountBooking(account: AccountState, flowId: string, booking: AccountBooking): void {
  const part = `${flowId}|`;
  account.move("day", booking.day);
  account.move("daily_pnl", formatMoney(booking.pnl));
  account.moveEquity(booking.equity);
  account.move(`${part}booked`, formatMoney(booking.booked));
  account.move(`${part}transferred`, formatMoney(booking.transferred));
  account.move(`${part}day`, booking.partDay);
  account.move(`${part}daily_pnl`, formatMoney(booking.partPnl));
  if (booking.trip) changeAccountBreaker(account, booking.trip, flowId);
}

/** Writes the account's breaker where that changed, and tells whether it tripped or holds longer; `flowId`: whose step it was. */
export function changeAccountBreaker(
  account: AccountState,
  { breaker, tripped }: BreakerChange,
  flowId?: string,
): void {
  if (!breaker) return;
  account.tell(tripped ? "account_breaker_tripped" : "account_breaker_extended", {
    ...(flowId !== undefined && { flow: flowId }),
    ...breakerFields(breaker),
  });
  account.moveBreaker(breaker);
}

export function breakerFields({ reason, source, tripped_at, until }: BreakerRow): Record<string, string> {
  return {
    breaker_reason: reason,
    breaker_source: source,
    breaker_tripped_at: String(tripped_at),
    breaker_until: until === null ? "" : String(until),
  };
}

/** The account that a flow is in. Throws where it is in none. */
export function accountOf({ account }: FlowState): AccountState {
  if (!account) throw new InvalidArgumentError("the flow is in no account: joinAccount puts it into one");
  return account;
}
