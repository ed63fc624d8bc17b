/** The public types: `Date` for times, `number` for amounts (quote currency unless a comment says otherwise). */

import type { Duration } from "./config/duration.js";
import type { RiskLimitName, RiskLimits } from "./config/risk-limits.js";
import type {
  BreakerSource,
  OpenedBy,
  OrderIntent,
  OrderSide,
  OrderStatus,
  PositionSide,
  Refusal,
} from "./words/word-lists.js";

/** A point in time as callers give it: a `Date`, or whole milliseconds since 1970. */
export type Time = Date | number;

/** Any JSON object; at most 64 KiB as text. Comes back as JSON: a `Date` inside becomes its ISO string. */
export type Metadata = Record<string, unknown>;

export type { BreakerSource, OpenedBy, OrderIntent, OrderSide, OrderStatus, PositionSide, Refusal };

/** An open position. `size` in base currency, prices in quote currency; `version` grows by one with every change. */
export interface Position {
  id: string;
  pair: string;
  side: PositionSide;
  size: number;
  entryPrice: number;
  entryTs: Date;
  tp?: number;
  sl?: number;
  /** ms for which the pair cools down once the position is flat. */
  cooldown?: number;
  metadata: Metadata;
  /** Whether it was merely saved, or a fill of an entry opened it. */
  openedBy: OpenedBy;
  version: number;
}

/** What `savePosition` takes; `entryTs` defaults to now, `metadata` to `{}`. `openedBy` and `version` are ignored: the store keeps them. */
export interface PositionInput {
  id: string;
  pair: string;
  side: PositionSide;
  size: number;
  entryPrice: number;
  entryTs?: Time;
  tp?: number | null;
  sl?: number | null;
  /** For the pair, once the position is flat. */
  cooldown?: Duration | null;
  metadata?: Metadata;
  openedBy?: OpenedBy;
  version?: number;
}

/** The fields that `updatePosition` may change; `null` removes `tp` or `sl`. */
export type PositionPatch = Partial<Omit<PositionInput, "id" | "openedBy" | "version" | "cooldown">>;

/** An order that may still be filled. `price` is null for a market order; `filled` in base currency. */
export interface PendingOrder {
  id: string;
  pair: string;
  side: OrderSide;
  orderType: string;
  price: number | null;
  size: number;
  status: OrderStatus;
  createdAt: Date;
  filled: number;
  intent: OrderIntent;
  positionId?: string;
  signalId?: string;
  /** tp, sl, cooldown (ms) and metadata of the position that an entry opens. */
  tp?: number;
  sl?: number;
  cooldown?: number;
  metadata?: Metadata;
}

/**
 * What `saveOrder` takes. Defaults: `orderType` market without a price and limit with one, `status` open, `createdAt` now,
 * `filled` 0, `intent` entry.
 */
export interface OrderInput {
  id: string;
  pair: string;
  side: OrderSide;
  size: number;
  orderType?: string;
  price?: number | null;
  status?: OrderStatus;
  createdAt?: Time;
  filled?: number;
  intent?: OrderIntent;
  positionId?: string;
  signalId?: string;
  tp?: number | null;
  sl?: number | null;
  cooldown?: Duration | null;
  metadata?: Metadata;
}

/** One execution of an order. `fillId` is the exchange's; `fee` in quote currency (default 0); `done`: the exchange says the order is complete. `overfill`: it says that more than the size of an entry was filled. */
export interface FillInput {
  fillId: string;
  price: number;
  size: number;
  fee?: number;
  ts?: Time;
  done?: boolean;
  overfill?: boolean;
}

/**
 * `applied` is false when this fill was recorded before. `position` is absent once it is flat; `positions` are all that the fill
 * touched and that remain. `booked` is the money that it booked; `over`, what of an exit no position of the pair and side held.
 */
export interface FillResult {
  applied: boolean;
  order?: PendingOrder;
  position?: Position;
  positions: Position[];
  booked: number;
  over?: number;
  risk: RiskState;
  tripped: boolean;
}

/**
 * An entry that asks to go ahead. `side` of the position (`buy` and `sell` are taken as `long` and `short`); `price` in quote
 * currency is what the exposure is reckoned with, of a market order too. `orderId` defaults to one derived from flow and signal;
 * another is made when an earlier order or position of the signal has that one.
 * `cooldown` holds for the pair from now, and again from the moment the position is flat.
 */
export interface AdmissionRequest {
  signalId: string;
  pair: string;
  side: PositionSide | OrderSide;
  size: number;
  price: number;
  orderId?: string;
  orderType?: string;
  cooldown?: Duration;
  tp?: number | null;
  sl?: number | null;
  metadata?: Metadata;
}

/** `message` is for people; `retryAt` is there where time cures the refusal. */
export type Admission =
  | { admitted: true; order: PendingOrder }
  | { admitted: false; reason: Refusal; message: string; retryAt?: Date };

/** Who holds the flow's lease. */
export interface LeaseState {
  token: number;
  holder: string;
  until: Date;
}

/** A recovery that is under way, or that nobody has finished: it blocks entries. */
export interface RecoveryState {
  /** Names the recovery for good, over everybody who resumes it. */
  id: number;
  reason: string;
  begunAt: Date;
  /** Who worked on it last. */
  holder: string;
  /** Until when that one holds it; absent when it waits for anybody to resume it. */
  until?: Date;
  /** What it must remember if it is resumed. */
  journal: ReadonlyMap<string, string>;
}

/** Something in which state and exchange differ, seen in `reads` readings in a row. */
export interface Difference {
  subject: string;
  found: string;
  reads: number;
}

/** What a change did to the flow's risk, as its event tells it. `breaker` is there when it tripped or was made to last longer. */
export interface EventRisk {
  day: string;
  dailyPnl: number;
  dailyTrades: number;
  consecutiveLosses: number;
  currentDrawdown: number;
  peakEquity: number;
  equity?: number;
  /** Earlier days into which something was booked, as they stand after the change. */
  late?: DailyRisk[];
  tripped: boolean;
  breaker?: CircuitBreaker;
}

interface EventBase {
  /** `ms-seq`, growing: what `after` takes. */
  id: string;
  at: Date;
  instance: string;
}

/**
 * One change of the flow, in the order in which the changes happened. They tell the whole state: `position` and `order` are as
 * they stand after the change, an order that is over leaves the pending ones. When a position goes, a pending entry of the same
 * id is left without its `positionId`.
 */
export type StateEvent = EventBase &
  (
    | { type: "position_saved" | "position_updated"; position: Position }
    | { type: "position_removed"; positionId: string; pair: string }
    | {
        type: "position_closed";
        positionId: string;
        pair: string;
        pnl: number;
        reason?: string;
        cooldownUntil?: Date;
        risk: EventRisk;
      }
    | { type: "order_saved"; order: PendingOrder }
    | { type: "order_removed"; orderId: string; pair: string }
    | { type: "order_cancelled"; order: PendingOrder; signalReleased: boolean }
    | {
        type: "entry_admitted";
        signalId: string;
        pair: string;
        side: PositionSide;
        order: PendingOrder;
        cooldownUntil?: Date;
      }
    | {
        type: "fill_recorded";
        orderId: string;
        fillId: string;
        price: number;
        size: number;
        fee: number;
        ts: Date;
        pnl: number;
        order: PendingOrder;
        positionId: string;
        position?: Position;
        cooldownUntil?: Date;
        /** What an exit did to other positions of its pair, after the first; `pnl` above is the whole fill's. */
        others?: readonly { positionId: string; size: number; pnl: number; position?: Position }[];
        /** What of an exit no position held. */
        over?: number;
        /** The order's signal, marked again: `cancelOrder` had given it free. */
        signalMarked?: string;
        risk: EventRisk;
      }
    | { type: "pnl_booked"; pnl: number; tradeId?: string; risk: EventRisk }
    | { type: "equity_updated"; risk: EventRisk }
    | { type: "limits_set"; limits: { [name in RiskLimitName]?: number | null } }
    | { type: "breaker_tripped"; breaker: CircuitBreaker }
    | { type: "breaker_reset"; reason?: string }
    | { type: "signal_processed"; signalId: string; pair: string; ts: Date }
    | { type: "cooldown_set"; cooldown: string; until: Date; reason?: string }
    | { type: "cooldown_cleared"; pair: string; side?: PositionSide }
    | { type: "lease_acquired"; token: number; holder: string; until: Date }
    | { type: "lease_released"; token: number; holder: string }
    | { type: "recovery_begun"; recoveryId: number; reason: string }
    | { type: "recovery_ended" }
    | ({ type: "difference_found" } & Difference)
    /** Not a change: the log was trimmed past the place asked for, so events before this one may be missing. */
    | { type: "history_trimmed"; after: string }
  );

/** The flow's risk today. `day` is the trading day (UTC date of now - day_start); `currentDrawdown` a fraction of the peak. */
export interface RiskState {
  day: string;
  dailyPnl: number;
  dailyTrades: number;
  consecutiveLosses: number;
  currentDrawdown: number;
  /** The highest equity ever reported; 0 before the first. */
  peakEquity: number;
  circuitBreakerActive: boolean;
  circuitBreakerReason?: string;
  circuitBreakerUntil?: Date;
}

/** `applied` is false when this trade was booked before; `tripped` is true when this change tripped the breaker. */
export interface RiskUpdate extends RiskState {
  applied: boolean;
  tripped: boolean;
}

/** `until` is absent while active when only a reset ends it. */
export interface CircuitBreaker {
  active: boolean;
  reason?: string;
  source?: BreakerSource;
  trippedAt?: Date;
  until?: Date;
}

/** One closed day. */
export interface DailyRisk {
  day: string;
  pnl: number;
  trades: number;
}

export interface SignalState {
  /** The time of the last signal that was marked, as the caller gave it. */
  lastProcessedTs?: Date;
  lastProcessedPair?: string;
  lastProcessedId?: string;
  /** Active cooldowns: `BTC/USDT`, `BTC/USDT|long` or `*` to the time they end. */
  cooldowns: Record<string, Date>;
  /** The newest 100 processed ids, oldest first. */
  recentSignalIds: string[];
}

export interface CloseResult {
  closed: boolean;
  /** The position as it was, when this call closed it. */
  position?: Position;
  risk: RiskState;
  tripped: boolean;
}

/** A bot process of this flow. */
export interface Instance {
  id: string;
  lastHeartbeat: Date;
  /** Of the package it runs, and of the stored layout that this writes; absent: before 0.2, or nobody's. */
  version?: string;
  schema?: number;
}

/** Everything at once, read in one step. */
export interface Snapshot {
  flowId: string;
  epoch: string;
  at: Date;
  positions: Position[];
  orders: PendingOrder[];
  risk: RiskState;
  breaker: CircuitBreaker;
  limits: RiskLimits;
  signals: SignalState;
  heartbeat?: Date;
  instances: Instance[];
  /** Why entries are refused: a recovery is under way. */
  recovering?: string;
}
