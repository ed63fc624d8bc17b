/**
 * The exchange account of a flow: limits and a breaker over all its flows. It is stored as in Redis, as a hash of texts: settings, limits, breaker, the
 * sums over the flows and, under `flow id|`, each flow's part of these sums. Lua twins: `lua/shared/account.lua`, `lua/shared/account_booking.lua`.
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

/** The texts of an account. */
export interface AccountTexts {
  get(field: string): string | undefined;
  set(field: string, text: string): void;
  delete(field: string): boolean;
  entries(): IterableIterator<[string, string]>;
}

/** The accounts, and which one a flow is in. */
export interface KeptAccounts {
  /** The account of that name; an empty one if there is none yet. */
  of(name: string): AccountState;
  entered(name: string): void;
  left(): void;
}

export class AccountState {
  readonly fields: AccountTexts;
  readonly #changes: ChangeLog;
  /** Whether its changes belong to its flow's state: they are made durable, or undone, together with the flow's. */
  readonly #isOfFlow: boolean;
  /** Its flows in this process. */
  readonly members = new Set<FlowState>();
  /** The flow that leaves in the present step. */
  #leaving: FlowState | undefined;
  /** Events of the present step that its flows have to get. */
  #untold: { readonly type: EventType; readonly fields: () => Record<string, string> }[] = [];

  /** `log`, `texts`: those of the flow that keeps it. */
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

  /** Throws if the account has no such field. */
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

  /** The day at `now`: the clock's or, if that is later, the open one. */
  dayAt(now: number): string {
    const today = dayOf(now, this.dayStart);
    return today > this.day ? today : this.day;
  }

  /** What all flows have booked on a day; 0 for a day later than the account's. */
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

  /** Sets how long its breaker lasts. */
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

  /** The breaker, if it blocks entries at `now`. */
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

  /** Writes a field, unless it has that value already. */
  move(field: string, value: string): void {
    if (this.fields.get(field) !== value) this.fields.set(field, value);
  }

  /** Moves the flow's part, and with it the sums, to the flow's present exposure. */
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

  /** Removes a flow's slots and exposure from the sums; what it booked stays. */
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

  /** Puts the flow into this account; its part begins at zero. */
  enter(flow: FlowState): void {
    flow.account = this;
    this.members.add(flow);
    flow.accounts?.entered(this.name);
    this.move(`${flow.flowId}|notional`, "0");
    this.move(`${flow.flowId}|slots`, "0");
    flow.exposure.moveAll();
  }

  /** Takes the flow out of the account at the end of this step. */
  leave(flow: FlowState): void {
    this.#leaving = flow;
    flow.account = undefined;
    flow.accounts?.left();
  }

  /** Computes the flow's part anew: the old one was of another state of the flow. */
  replace(flow: FlowState): void {
    this.release(flow.flowId);
    flow.exposure.moveAll();
    this.#follow(flow);
  }

  /** Notes an event of the present step for all flows of the account. */
  tell(type: EventType, fields: Record<string, string>): void {
    this.#untold.push({ type, fields: () => ({ account: this.name, ...fields }) });
  }

  /** Ends a step of a flow: the sums follow the flow's exposure, and the flows get their events. Lua twin: `answer`. */
  settle(flow: FlowState, call: Speaker): void {
    if (flow.account === this) this.#follow(flow);
    if (!this.#isOfFlow) this.#changes.take();
    for (const { type, fields } of this.#untold.splice(0)) {
      for (const member of this.members) {
        member.emit(call, type, fields);
        if (member === flow) continue;
        // These changes stay, even if the other flow's next step fails.
        member.changes.take();
        member.woken?.();
      }
    }
    if (this.#leaving) this.members.delete(this.#leaving);
    this.#leaving = undefined;
  }

  /** Undoes a failed step. */
  undo(): void {
    if (!this.#isOfFlow) this.#changes.undo();
    this.#untold = [];
    this.#leaving = undefined;
  }
}

/** How long a breaker lasts, from its stored text. */
export function durationOf(text: string): BreakerDuration {
  return wordOf(BREAKER_ENDS, text) ?? Number(text);
}

/** What a flow's booking changes in its account, decided but not yet written. */
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

/** A booking or transfer of a flow. */
export interface BookedInAccount {
  readonly flowId: string;
  /** The open day of account and flow. */
  readonly day: string;
  readonly now: number;
  /** ms after midnight UTC. */
  readonly dayStart: number;
}

/** Books money of a flow on the open day or on an earlier one; undefined: there is nothing to book. Throws if a sum would leave 9e15. */
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
  const partPnl = stands.partDay === day ? stands.partPnl + amount : amount;
  if (![pnl, booked, partPnl].every(withinMoney)) throw tooMuch("pnl", account);
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
    ...(isToday && { partDay: day, partPnl }),
    trip,
  };
}

function tooMuch(what: string, { name }: AccountState): InvalidArgumentError {
  return new InvalidArgumentError(`${what}: the sum of account ${name} would exceed +-9e15; nothing was booked`);
}

/** Books a deposit or withdrawal of a flow at `ts`. It never trips the breaker. Throws if a sum would leave 9e15. */
export function transferInAccount(
  account: AccountState,
  amount: Money,
  ts: number,
  at: BookedInAccount,
): AccountBooking {
  const stands = standing(account, at);
  const sum = stands.transferred + amount;
  if (!withinMoney(sum)) throw tooMuch("amount", account);
  return {
    ...stands,
    transferred: sum,
    equity: transferred(stands.equity, amount, ts, at.now),
  };
}

/** The account before a booking, after a possible change of day. */
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

/** Writes a booking. If the breaker changed, all flows of the account get one event. */
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

/** The account that a flow is in. Throws if it is in none. */
export function accountOf({ account }: FlowState): AccountState {
  if (!account) throw new InvalidArgumentError("the flow is in no account: joinAccount puts it into one");
  return account;
}
