import { RISK_LIMITS } from "../../src/config/risk-limits.js";
import { minus, plus } from "../../src/exact/double.js";
import type {
  CircuitBreaker,
  DailyRisk,
  EventRisk,
  PendingOrder,
  Position,
  RiskLimitOrigins,
  RiskLimits,
  Snapshot,
  StateEvent,
  Trade,
} from "../../src/index.js";
import { DAY } from "../contract/clock.js";

/**
 * A snapshot without what leaves no event (who is alive) or is made by the store (its epoch), the days that are over, and the
 * trades. Events do not tell what the day that is open is made of, nor what of a later booking were fees, nor refusals.
 */
export type Replayed = Omit<Snapshot, "flowId" | "epoch" | "at" | "heartbeat" | "instances" | "admissions"> & {
  /** Entries admitted today. */
  readonly admitted: number;
  readonly history: readonly DayTold[];
  readonly trades: readonly TradeTold[];
};

export type TradeTold = Omit<Trade, "fees">;
export type DayTold = Omit<DailyRisk, "parts">;

/** What a reader of the log has to know of the flow's configuration. */
export interface ReplayPolicy {
  /** Start of the trading day, ms after midnight UTC. */
  readonly dayStart: number;
  /** For how long, ms, and how many signals are remembered. */
  readonly dedupWindow: number;
  readonly maxIds: number;
}

const RECENT = 100;
const OVER: readonly string[] = ["filled", "cancelled", "rejected"];

/** Makes a flow's state again from its events alone, as anybody could who reads the log from its first event. */
export class Replayer {
  readonly #policy: ReplayPolicy;
  readonly #positions = new Map<string, Position>();
  readonly #orders = new Map<string, PendingOrder>();
  readonly #history = new Map<string, DayTold>();
  readonly #trades: TradeTold[] = [];
  readonly #cooldowns = new Map<string, Date>();
  /** By day. */
  readonly #admitted = new Map<string, number>();
  readonly #marked = new Map<string, number>();
  #limits: RiskLimits = {};
  #origins: RiskLimitOrigins = {};
  /** What a call set before a configuration made it tighter. */
  readonly #held: RiskLimitOrigins = {};
  #risk: EventRisk | undefined;
  #breaker: CircuitBreaker | undefined;
  #recovering: string | undefined;
  #last: { readonly id: string; readonly pair: string; readonly ts: Date } | undefined;

  constructor(policy: ReplayPolicy) {
    this.#policy = policy;
  }

  apply(event: StateEvent): void {
    switch (event.type) {
      case "position_saved":
      case "position_updated":
        this.#positions.set(event.position.id, event.position);
        return;
      case "position_removed":
      case "position_closed":
        this.#positions.delete(event.positionId);
        this.#coolDown(event.pair, event.cooldownUntil);
        this.#end(event.trade);
        if (event.risk) this.#book(event.risk);
        return;
      case "order_saved":
      case "order_updated":
        this.#store(event.order);
        return;
      case "order_removed":
        this.#orders.delete(event.orderId);
        return;
      case "order_cancelled":
        this.#store(event.order);
        if (event.signalReleased && event.order.signalId !== undefined) this.#marked.delete(event.order.signalId);
        if (event.trade) this.#positions.delete(event.trade.id);
        this.#coolDown(event.order.pair, event.cooldownUntil);
        this.#end(event.trade);
        if (event.risk) this.#book(event.risk);
        return;
      case "entry_admitted":
        this.#admit(event.at);
        this.#mark(event.signalId, event.pair, event.at, event.at);
        this.#store(event.order);
        this.#coolDown(event.pair, event.cooldownUntil);
        return;
      case "fill_recorded":
        for (const { positionId, position } of [event, ...(event.others ?? [])]) {
          if (position) this.#positions.set(positionId, position);
          else this.#positions.delete(positionId);
        }
        this.#store(event.order);
        this.#coolDown(event.order.pair, event.cooldownUntil);
        if (event.signalMarked !== undefined) this.#remember(event.signalMarked, event.at);
        for (const trade of event.trades ?? []) this.#end(trade);
        for (const later of event.later ?? []) this.#amend(later);
        this.#book(event.risk);
        return;
      case "pnl_booked":
        if (event.position) this.#positions.set(event.position.id, event.position);
        this.#book(event.risk);
        return;
      case "equity_updated":
      case "equity_started":
        this.#book(event.risk);
        return;
      case "cash_booked":
        if (event.position) this.#positions.set(event.position.id, event.position);
        if (event.amends !== undefined) this.#pay(event.amends, event);
        this.#book(event.risk);
        return;
      case "transfer_recorded":
        this.#book(event.risk);
        return;
      case "limits_set":
        this.#limit(event);
        if (event.breaker) this.#breaker = event.breaker;
        return;
      case "breaker_tripped":
        this.#breaker = event.breaker;
        return;
      case "breaker_reset":
        this.#breaker = undefined;
        this.#acknowledge(event);
        return;
      case "signal_processed":
        this.#mark(event.signalId, event.pair, event.ts, event.at);
        return;
      case "cooldown_set":
        this.#cooldowns.set(event.cooldown, event.until);
        return;
      case "cooldown_cleared":
        this.#clear(event.pair, event.side);
        return;
      case "history_trimmed":
        throw new Error(`the log begins after ${event.after}: it cannot be replayed from its first event`);
      case "recovery_begun":
        this.#recovering = event.reason;
        return;
      case "recovery_ended":
        this.#recovering = undefined;
        return;
      case "guards_set":
      case "recovery_approved":
      case "difference_found":
      case "lease_acquired":
      case "lease_released":
        return; // no part of a snapshot
    }
  }

  /** The state as a snapshot shows it at this time. */
  at(now: number): Replayed {
    const breaker = this.#activeBreaker(now);
    const risk = this.#riskAt(now);
    return {
      positions: byTime([...this.#positions.values()], ({ entryTs }) => entryTs),
      orders: byTime([...this.#orders.values()], ({ createdAt }) => createdAt),
      risk: {
        day: risk.day,
        dailyPnl: risk.dailyPnl,
        dailyTrades: risk.dailyTrades,
        consecutiveLosses: risk.consecutiveLosses,
        currentDrawdown: risk.currentDrawdown,
        peakEquity: risk.peakEquity,
        circuitBreakerActive: breaker !== undefined,
        ...(breaker?.reason !== undefined && { circuitBreakerReason: breaker.reason }),
        ...(breaker?.until && { circuitBreakerUntil: breaker.until }),
      },
      breaker: breaker ?? { active: false },
      limits: this.#limits,
      limitOrigins: this.#origins,
      signals: {
        ...(this.#last && {
          lastProcessedTs: this.#last.ts,
          lastProcessedPair: this.#last.pair,
          lastProcessedId: this.#last.id,
        }),
        cooldowns: Object.fromEntries([...this.#cooldowns].filter(([, end]) => end.getTime() > now)),
        recentSignalIds: this.#ranked()
          .slice(-RECENT)
          .filter(([, at]) => at > now - this.#policy.dedupWindow)
          .map(([id]) => id),
      },
      ...(this.#recovering !== undefined && { recovering: this.#recovering }),
      admitted: this.#admitted.get(risk.day) ?? 0,
      history: this.#historyAt(now),
      trades: this.#trades,
    };
  }

  /** An order that is over is no longer pending. */
  #store(order: PendingOrder): void {
    if (OVER.includes(order.status)) this.#orders.delete(order.id);
    else this.#orders.set(order.id, order);
  }

  #end(trade: Trade | undefined): void {
    if (!trade) return;
    const { fees: _, ...told } = trade;
    this.#trades.push(told);
  }

  #amend({ key, pnl, explained }: { key: string; pnl: number; explained: number }): void {
    const at = this.#trades.findIndex((trade) => trade.key === key);
    const found = this.#trades[at];
    if (!found) return; // a position that had merely been saved
    const { untold = 0, ...trade } = found;
    const left = Math.max(minus(untold, explained), 0);
    this.#trades[at] = { ...trade, pnl: plus(trade.pnl, pnl), ...(left > 0 && { untold: left }) };
  }

  #admit(at: Date): void {
    const { day } = this.#riskAt(at.getTime());
    this.#admitted.set(day, (this.#admitted.get(day) ?? 0) + 1);
  }

  #pay(key: string, { kind, pnl }: Extract<StateEvent, { type: "cash_booked" }>): void {
    const at = this.#trades.findIndex((trade) => trade.key === key);
    const trade = this.#trades[at];
    if (!trade) return;
    const isFee = kind === "fee" || kind === "rebate";
    this.#trades[at] = { ...trade, pnl: plus(trade.pnl, pnl), cash: isFee ? trade.cash : plus(trade.cash, pnl) };
  }

  #coolDown(pair: string, until: Date | undefined): void {
    if (until) this.#cooldowns.set(pair, until);
  }

  #clear(pair: string, side: string | undefined): void {
    for (const name of side === undefined ? [pair, `${pair}|long`, `${pair}|short`] : [`${pair}|${side}`]) {
      this.#cooldowns.delete(name);
    }
  }

  #limit({ limits, by, returned = [], instance: who, at }: Extract<StateEvent, { type: "limits_set" }>): void {
    for (const name of RISK_LIMITS) {
      const value = limits[name];
      if (value === undefined) continue;
      if (value === null) {
        delete this.#limits[name];
        delete this.#origins[name];
      } else {
        const before = this.#origins[name];
        this.#limits[name] = value;
        if (returned.includes(name)) {
          this.#origins[name] = { ...this.#held[name], value };
          continue;
        }
        if (before && before.by !== "config") this.#held[name] = before;
        this.#origins[name] = { value, ...(by && { by, who, at }) };
      }
    }
  }

  /** A new day sends the one before into the history; what was booked late is told as it stands there. */
  #book(risk: EventRisk): void {
    const before = this.#risk;
    if (before && before.day < risk.day) this.#history.set(before.day, dayOf(before));
    for (const { parts: _, ...day } of risk.late ?? []) this.#history.set(day.day, day);
    if (risk.breaker) this.#breaker = risk.breaker;
    this.#risk = risk;
  }

  #acknowledge(event: Extract<StateEvent, { type: "breaker_reset" }>): void {
    if (this.#risk) this.#risk = { ...this.#risk, ...movedBy(event) };
  }

  #mark(id: string, pair: string, ts: Date, at: Date): void {
    this.#remember(id, at);
    this.#last = { id, pair, ts };
  }

  /** The window and the number of ids bound what is remembered; an id never ranks below one that was marked before. */
  #remember(id: string, at: Date): void {
    const now = at.getTime();
    const { dedupWindow, maxIds } = this.#policy;
    const count = this.#marked.size;
    const score = Math.max(now, ...this.#marked.values());
    for (const [old] of this.#ranked().slice(0, Math.max(0, count - maxIds + 1))) this.#marked.delete(old);
    // What is too old to count is forgotten now and then; only a clock that steps back would see it again.
    if (count % 16 === 0) {
      for (const [old, at] of this.#marked) if (at <= now - dedupWindow) this.#marked.delete(old);
    }
    this.#marked.set(id, score);
  }

  #ranked(): [string, number][] {
    return [...this.#marked].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
  }

  #dayAt(now: number): string {
    return new Date(now - this.#policy.dayStart).toISOString().slice(0, 10);
  }

  #riskAt(now: number): EventRisk {
    const day = this.#dayAt(now);
    const nothing = { consecutiveLosses: 0, currentDrawdown: 0, peakEquity: 0, tripped: false };
    const stored = this.#risk ?? { ...nothing, day: "", dailyPnl: 0, dailyTrades: 0 };
    return stored.day < day ? { ...stored, day, dailyPnl: 0, dailyTrades: 0 } : stored;
  }

  #historyAt(now: number): DayTold[] {
    const days = new Map(this.#history);
    if (this.#risk && this.#risk.day < this.#dayAt(now)) days.set(this.#risk.day, dayOf(this.#risk));
    return [...days.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
  }

  #activeBreaker(now: number): CircuitBreaker | undefined {
    const until = this.#breaker?.until;
    return until === undefined || now < until.getTime() ? this.#breaker : undefined;
  }
}

function movedBy({
  consecutiveLosses,
  peakEquity,
  currentDrawdown,
}: Extract<StateEvent, { type: "breaker_reset" }>): Partial<EventRisk> {
  return {
    ...(consecutiveLosses !== undefined && { consecutiveLosses }),
    ...(peakEquity !== undefined && { peakEquity }),
    ...(currentDrawdown !== undefined && { currentDrawdown }),
  };
}

function dayOf({ day, dailyPnl, dailyTrades }: EventRisk): DayTold {
  return { day, pnl: dailyPnl, trades: dailyTrades };
}

/** By time, then by id; the ids of these sequences are plain ASCII. */
function byTime<T extends { readonly id: string }>(items: T[], time: (item: T) => Date): T[] {
  return items.sort((a, b) => time(a).getTime() - time(b).getTime() || (a.id < b.id ? -1 : 1));
}

/** ms after midnight of `HH:MM`. */
export function dayStartOf(text: string): number {
  return Date.parse(`1970-01-01T${text}:00Z`) % DAY;
}
