/**
 * The public types. Times are `Date`s, amounts are `number`s: prices in the pair's quote currency, money in the flow's currency unless a comment says
 * otherwise.
 */

import type { AccountLimitName, AccountLimits } from "./config/account.js";
import type { Duration } from "./config/duration.js";
import type { Guard } from "./config/guards.js";
import type { RiskLimitName, RiskLimits } from "./config/risk-limits.js";
import type {
  BreakerEnd,
  BreakerSource,
  CashKind,
  CashPlace,
  CountedRefusal,
  GuardBlock,
  GuardKind,
  LimitSetter,
  OpenedBy,
  OrderIntent,
  OrderSide,
  OrderStatus,
  PositionSide,
  Refusal,
} from "./words/word-lists.js";

/** A point in time as an argument: a `Date`, or whole milliseconds since 1970. */
export type Time = Date | number;

/** Any JSON object; at most 64 KiB as text. It is stored as JSON: a `Date` inside becomes its ISO string. */
export type Metadata = Record<string, unknown>;

export type {
  BreakerSource,
  CashKind,
  CashPlace,
  CountedRefusal,
  GuardBlock,
  GuardKind,
  LimitSetter,
  OpenedBy,
  OrderIntent,
  OrderSide,
  OrderStatus,
  PositionSide,
  Refusal,
};

/** A fee as an exchange tells it: above 0 when paid. `rate`: flow currency per unit of `currency`; needed if neither the pair nor the flow prices that. */
export interface Fee {
  amount: number;
  currency: string;
  rate?: number;
}

/** An amount in `currency` that could not be priced yet: a fee (above 0 when paid), or the result of an exit. It is in no sum. */
export interface UnpricedAmount {
  kind: "fee" | "result";
  currency: string;
  amount: number;
}

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
  /** ms for which the pair will cool down once the position is flat. */
  cooldown?: number;
  /** The result so far, gross - fees + cash, kept to 20 places and rounded to 8 as it is booked. */
  realised: number;
  /** Fees so far; above 0 when paid. */
  fees: number;
  /** Funding and similar cash so far; below 0 when paid. */
  cash: number;
  /** Flow currency per unit of the pair's settle currency, as told last; absent as long as none was needed. */
  rate?: number;
  /** Amounts that could not be priced; they are in no sum. */
  unpriced?: UnpricedAmount[];
  metadata: Metadata;
  /** Whether the position was merely saved, or opened by a fill of an entry. Entries that add to a saved one leave it `saved`. */
  openedBy: OpenedBy;
  version: number;
}

/**
 * The argument of `savePosition`; `entryTs` defaults to now, `metadata` to `{}`. `openedBy`, `version`, `realised`, `fees`, `cash` and `unpriced` are
 * ignored: the store computes them.
 */
export interface PositionInput {
  id: string;
  pair: string;
  side: PositionSide;
  size: number;
  entryPrice: number;
  entryTs?: Time;
  tp?: number | null;
  sl?: number | null;
  /** ms for the pair, once the position is flat. */
  cooldown?: Duration | null;
  metadata?: Metadata;
  openedBy?: OpenedBy;
  version?: number;
  realised?: number;
  fees?: number;
  cash?: number;
  /** Flow currency per unit of the pair's settle currency; above zero. Needed if that is another currency, unless it is known from before. */
  rate?: number;
  unpriced?: UnpricedAmount[];
}

/** The fields that `updatePosition` may change; `null` removes `tp` or `sl`. */
export type PositionPatch = Partial<
  Omit<PositionInput, "id" | "openedBy" | "version" | "cooldown" | "realised" | "fees" | "cash" | "unpriced">
>;

/** An order, pending or recently done. `price` is null for a market order; `filled`, in base currency, never goes down. */
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
  /** Stays when that position is gone. A later fill of an entry then opens another position, and the order names that one. */
  positionId?: string;
  signalId?: string;
  /** tp, sl, cooldown (ms) and metadata of the position that an entry opens. */
  tp?: number;
  sl?: number;
  cooldown?: number;
  metadata?: Metadata;
  /** 1 when the order was first stored; grows by one with every change, whoever makes it. */
  version: number;
  /** Why the order was placed: tp, sl, trailing, manual, ... */
  reason?: string;
  /** Flow currency per unit of the pair's settle currency; absent if none is needed. */
  rate?: number;
  /** The position that the order turns around, from `admit`. It is also the order's `positionId` until the rest opens a position. */
  flip?: string;
}

/**
 * The argument of `saveOrder`. Defaults of a new order: `orderType` market without a price and limit with one, `status` open, `createdAt` now, `filled` 0,
 * `intent` entry. Over a pending order, `status` has the same default, and fields that are not given stay. A `version` is ignored: the store counts. `flip`
 * is refused unless the stored order has the same: only `admit` turns a position around.
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
  reason?: string;
  /** Flow currency per unit of the pair's settle currency; above zero. An entry with a price in another currency needs it. */
  rate?: number;
  flip?: string;
  version?: number;
}

/**
 * A position that ended: `pnl` is its whole result, gross - fees + cash. `getTrades` includes later bookings; results of calls and events show the trade as
 * it ended. Sizes in base currency, prices in quote currency, amounts in `currency`.
 */
export interface Trade {
  /** `ms-seq` of the step that ended it, growing; can be passed as `after`. */
  key: string;
  /** Id of the position. */
  id: string;
  pair: string;
  side: PositionSide;
  /** The whole entered size. */
  size: number;
  entryPrice: number;
  /** The average price of the exit fills; absent if there were none. */
  exitPrice?: number;
  entryTs: Date;
  exitTs: Date;
  pnl: number;
  /** Above 0 when paid. */
  fees: number;
  /** Funding and similar cash; below 0 when paid. */
  cash: number;
  /** The flow's currency: that of `pnl`, `fees` and `cash`; empty as long as it is not known. Prices are in the pair's. */
  currency: string;
  /** Amounts that could not be priced and are in no sum: the true result differs by them. */
  unpriced?: UnpricedAmount[];
  /** An exit was booked at the position's last rate, because none was given. */
  rateAssumed?: true;
  signalId?: string;
  /** The reason of the exit order, or of the call that closed it: tp, sl, manual, ...; `exit`, `closed` or `removed` if none was given. */
  reason: string;
  /** The instance that booked the position's first fill, or saved it. */
  entryInstance?: string;
  /** Size whose result nobody told: the true result differs by it. A fill that explains the end reduces this size. */
  untold?: number;
  /** Size of the rest that cannot be sold. */
  dust?: number;
  /** The prices that the entry order and the exit order asked for. */
  entryAsked?: number;
  exitAsked?: number;
  metadata: Metadata;
}

/**
 * The fields that `updateOrder` may change; `null` removes `price`, `tp`, `sl` or `cooldown`. `filled` may only grow, and `size` must not fall below it.
 */
export type OrderPatch = Partial<
  Pick<OrderInput, "size" | "price" | "status" | "filled" | "metadata" | "tp" | "sl" | "cooldown" | "reason" | "rate">
>;

/**
 * One execution of an order. `fillId` is the exchange's id; `size` is the executed size, before fees; `fee` is a number in the pair's settle currency
 * (default 0), or has a currency of its own; `rate`: flow currency per unit of the pair's settle currency; `done`: the exchange says that the order is
 * complete; `overfill`: it says that more than the size of an entry was filled.
 */
export interface FillInput {
  fillId: string;
  price: number;
  size: number;
  fee?: number | Fee | readonly Fee[];
  rate?: number;
  ts?: Time;
  done?: boolean;
  overfill?: boolean;
  /** When the order is done and no other exit of the position is pending, a rest of up to this size ends as dust. */
  dust?: number;
}

/**
 * `applied` is false if this fill was recorded before: then `order`, `position` and `risk` are the present ones, and the rest is empty. `position` is the
 * first that the fill changed, absent if that one ended or none was changed; `positions` are all that it changed and that remain. `booked` is all the money
 * that it booked, also on ended trades. `over` is the part of an exit that nothing took: no position, no end that it explains, and no dust.
 */
export interface FillResult {
  applied: boolean;
  order?: PendingOrder;
  position?: Position;
  positions: Position[];
  /** Trades that the fill ended, in the order in which they were reduced. */
  trades: Trade[];
  booked: number;
  /** Amounts of this fill that could not be priced. */
  unpriced?: UnpricedAmount[];
  over?: number;
  /** Pending exits whose position this fill ended: cancel them. */
  exitsLeft: PendingOrder[];
  risk: RiskState;
  tripped: boolean;
}

/**
 * An entry that asks to go ahead. `side` is the position's (`buy` and `sell` count as `long` and `short`). `price`, in quote currency, decides the
 * exposure, also for a market order; it may be zero or below, except for an inverse contract. `orderId` defaults to an id derived from flow and signal,
 * which carries the flow's digest; if an earlier order or position of the signal has that id, another one is derived. `cooldown` applies to the pair from
 * now on, and again from the moment at which the position is flat.
 */
export interface AdmissionRequest {
  signalId: string;
  pair: string;
  side: PositionSide | OrderSide;
  size: number;
  price: number;
  orderId?: string;
  orderType?: string;
  /** The open position of that pair and side that the entry adds to. The entry takes no slot (src/manager/README.md, Admission). */
  positionId?: string;
  /**
   * An open position of the pair's other side that the entry turns around: `size` closes everything that the other side holds, and the rest opens a
   * position. Only the rest is checked and reserved; it takes the slot of the closed position.
   */
  flip?: string;
  reason?: string;
  /** Flow currency per unit of the pair's settle currency; above zero. Needed if that is another currency. */
  rate?: number;
  cooldown?: Duration;
  tp?: number | null;
  sl?: number | null;
  metadata?: Metadata;
}

/** `message` is for people. `retryAt` is present if the refusal ends by time. */
export type Admission =
  | { admitted: true; order: PendingOrder }
  | { admitted: false; reason: Refusal; message: string; retryAt?: Date };

/** A present block of a guard: on a pair, on a side of a pair or, without a pair, on all entries. */
export interface ActiveGuard {
  /** Index of the guard, from 0. */
  guard: number;
  kind: GuardKind;
  pair?: string;
  side?: PositionSide;
  until: Date;
  message: string;
}

export interface GuardStatus {
  guards: Guard[];
  blocks: ActiveGuard[];
}

/** Outcomes of the entries of a trading day: counted by `admit`, kept for 30 days. Being fenced is not counted. */
export interface AdmissionDay {
  day: string;
  admitted: number;
  /** Counts by reason; 0 for a reason without refusals. */
  refused: Record<CountedRefusal, number>;
}

/** An entry that `admit` refused. */
export interface RefusedEntry {
  /** `ms-seq`, growing; can be passed as `after`. */
  key: string;
  at: Date;
  instance: string;
  signalId: string;
  pair: string;
  side: PositionSide;
  reason: CountedRefusal;
  message: string;
}

/** Who holds the flow's lease. */
export interface LeaseState {
  token: number;
  holder: string;
  until: Date;
}

/** The place of the event log. */
export interface LogPlace {
  /** The newest event there ever was, `ms-seq`; `0-0`: there was none. */
  newest: string;
  /** How many events there ever were. */
  added: number;
  /** The oldest event that is kept. */
  oldest?: string;
  /** Whether the log has the event that was asked for. */
  holds: boolean;
  /** The flow's epoch before it was copied, restored or migrated into this one. */
  was?: string;
  /** Why entries wait for a recovery. */
  recovering?: string;
}

/** A recovery that is under way, or left unfinished: it blocks entries. */
export interface RecoveryState {
  /** Id of the recovery, kept by everybody who resumes it. */
  id: number;
  reason: string;
  begunAt: Date;
  /** The instance that worked on it last. */
  holder: string;
  /** Until when that instance holds it; absent if anybody may resume it. */
  until?: Date;
  /** Notes for whoever resumes it. */
  journal: ReadonlyMap<string, string>;
}

/** Another flow of the same exchange account (`recovery.account`), or why it cannot be read. */
export type AccountFlow =
  | {
      readonly flowId: string;
      readonly readable: true;
      readonly positions: readonly Position[];
      readonly orders: readonly PendingOrder[];
      /** Of the requested orders, those that the flow had and that are over; absent if none were requested. */
      readonly ended?: readonly PendingOrder[];
    }
  | { readonly flowId: string; readonly readable: false; readonly why: string };

/** An exchange account: limits and one circuit breaker over all its flows. Money is in the account's currency. */
export interface AccountStatus {
  name: string;
  at: Date;
  currency: string;
  day: string;
  /** What all its flows have booked today. */
  dailyPnl: number;
  startingEquity?: number;
  /** The starting equity, and what its flows have booked and transferred since. */
  equity?: number;
  peakEquity: number;
  /** A fraction of the peak. */
  currentDrawdown: number;
  /** Open positions, and pending entries that have no position yet, of all its flows. */
  slots: number;
  exposure: number;
  slotsByPair: Record<string, number>;
  limits: AccountLimits;
  /** Who set each limit: the configuration of a bot of one of its flows, or a call. */
  limitOrigins: AccountLimitOrigins;
  /** How long its breaker lasts once tripped, and who set that. */
  breakerDuration: BreakerDurationOrigin;
  breaker: CircuitBreaker;
  /** By flow id; includes flows that have left, for what they booked. */
  flows: AccountPart[];
}

/** A flow's part in the sums of its account. */
export interface AccountPart {
  flowId: string;
  slots: number;
  exposure: number;
  slotsByPair: Record<string, number>;
  /** Booked since the flow joined. */
  booked: number;
  transferred: number;
  dailyPnl: number;
}

/** A difference between state and exchange, seen in `reads` readings in a row. */
export interface Difference {
  subject: string;
  found: string;
  reads: number;
}

/** What a change did to the flow's risk, as its event tells it. `breaker` is present if it tripped or was extended. */
/** Money that is no trade. The `amount`, as it changes the account, is an argument of its own. */
export interface CashInput {
  /** Id of the booking: each id books once. Ids of other kinds are separate. */
  id: string;
  kind: CashKind;
  pair?: string;
  /** If the position is open, it gets the cash; if it has ended, its trade does. Without a position the cash is the day's. */
  positionId?: string;
  currency?: string;
  rate?: number;
  ts?: Time;
  note?: string;
}

/** `to` says where the cash was booked; if it had been booked before, where it would be booked now. */
export interface CashResult {
  applied: boolean;
  to: CashPlace;
  position?: Position;
  risk: RiskState;
  tripped: boolean;
}

/** A deposit or a withdrawal. */
export interface TransferInput {
  /** Id of the transfer: each id counts once. Ids of other kinds are separate. */
  id: string;
  currency?: string;
  rate?: number;
  ts?: Time;
}

export interface TransferResult {
  applied: boolean;
  risk: RiskState;
}

export interface EventRisk {
  day: string;
  dailyPnl: number;
  dailyTrades: number;
  consecutiveLosses: number;
  currentDrawdown: number;
  peakEquity: number;
  equity?: number;
  /** The parts of `dailyPnl`; absent before 0.3. */
  parts?: DayParts;
  /** Earlier days into which something was booked, or on which a trade ended, as they are after the change. */
  late?: DailyRisk[];
  tripped: boolean;
  breaker?: CircuitBreaker;
}

/** Fields of every event. */
export interface EventBase {
  /** `ms-seq`, growing; can be passed as `after`. */
  id: string;
  at: Date;
  instance: string;
}

/**
 * One change of the flow. Events come in the order of the changes and tell the whole state: `position` and `order` are as they are after the change; an
 * order that is over leaves the pending ones. When a position ends, a pending entry that named it keeps its `positionId` and takes a slot of its own; there
 * is no event for that.
 */
export type StateEvent = EventBase &
  (
    | { type: "position_saved" | "position_updated"; position: Position }
    | {
        type: "position_removed";
        positionId: string;
        pair: string;
        /** The trade that the removal wrote; absent if the position was merely saved. */
        trade?: Trade;
        cooldownUntil?: Date;
        risk?: EventRisk;
      }
    | {
        type: "position_closed";
        positionId: string;
        pair: string;
        pnl: number;
        reason?: string;
        cooldownUntil?: Date;
        trade?: Trade;
        risk: EventRisk;
      }
    | { type: "order_saved" | "order_updated"; order: PendingOrder }
    | { type: "order_removed"; orderId: string; pair: string }
    | {
        type: "order_cancelled";
        order: PendingOrder;
        signalReleased: boolean;
        /** The trade that it ended as dust. */
        trade?: Trade;
        cooldownUntil?: Date;
        risk?: EventRisk;
      }
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
        /** In the pair's settle currency; 0 if `fees` has currencies of its own. */
        fee: number;
        fees?: Fee[];
        rate?: number;
        /** Amounts of the fill that could not be priced. */
        unpriced?: UnpricedAmount[];
        ts: Date;
        pnl: number;
        order: PendingOrder;
        /** The first position that the fill changed; empty if it changed none: it explained an end, or sold dust. */
        positionId: string;
        position?: Position;
        cooldownUntil?: Date;
        /** What an exit did to other positions of its pair, after the first. `pnl` above is that of the whole fill. */
        others?: readonly { positionId: string; size: number; pnl: number; position?: Position }[];
        /** Trades that the fill ended. */
        trades?: readonly Trade[];
        /** What the fill booked on trades that had ended before. */
        later?: readonly {
          key: string;
          tradeId: string;
          pnl: number;
          /** Size of that end that fills have explained so far. */
          explained: number;
        }[];
        /** Size of the pair's dust that the fill sold. */
        dustSold?: number;
        /** The part of an exit that no position held. */
        over?: number;
        /** The order's signal, marked again: `cancelOrder` had released it. */
        signalMarked?: string;
        risk: EventRisk;
      }
    | {
        type: "pnl_booked";
        pnl: number;
        tradeId?: string;
        /** The open position with that id, whose result this is. */
        position?: Position;
        risk: EventRisk;
      }
    | { type: "equity_updated"; risk: EventRisk }
    | {
        type: "cash_booked";
        cashId: string;
        kind: CashKind;
        /** The amount as given, in `currency`; without one, in the flow's. */
        amount: number;
        currency?: string;
        rate?: number;
        pair?: string;
        positionId?: string;
        to: CashPlace;
        ts: Date;
        note?: string;
        /** The amount in the flow's currency. */
        pnl: number;
        /** The open position, as it is after the booking. */
        position?: Position;
        /** `key` of the trade on which the cash was booked. */
        amends?: string;
        /** `key` of the untold trade that a person has seen by this booking. */
        seen?: string;
        risk: EventRisk;
      }
    | {
        type: "transfer_recorded";
        transferId: string;
        /** In the flow's currency: above 0 a deposit. */
        amount: number;
        currency?: string;
        rate?: number;
        ts: Date;
        risk: EventRisk;
      }
    | { type: "equity_started"; startingEquity: number; risk: EventRisk }
    | {
        type: "limits_set";
        limits: { [name in RiskLimitName]?: number | null };
        /** Who set these limits, except those of `returned`; absent before 0.3. */
        by?: LimitSetter;
        /** Limits that are a call's again, because the configuration became looser than the call's value. */
        returned?: RiskLimitName[];
        /** Whether a limit became tighter, was reached, and tripped the breaker. */
        tripped: boolean;
        breaker?: CircuitBreaker;
      }
    /** The flow's currency, and the currencies that count as it. */
    | { type: "currency_set"; currency?: string; sameCurrency: string[] }
    | { type: "guards_set"; guards: Guard[]; before: Guard[] }
    | { type: "breaker_tripped"; breaker: CircuitBreaker }
    | {
        type: "breaker_reset";
        reason?: string;
        /** After `consecutive_losses`: 0. */
        consecutiveLosses?: number;
        /** After `drawdown`: the present equity. */
        peakEquity?: number;
        currentDrawdown?: number;
      }
    /** The account that the flow left. `lost`: the flow's state was gone, and a person removed its part from the account. */
    | { type: "account_joined"; account: string; flowId: string }
    | { type: "account_left"; account: string; flowId: string; lost?: true }
    | {
        type: "account_limits_set";
        account: string;
        limits: { [name in AccountLimitName]?: number | null };
        /** How long the breaker lasts from now on, if that was set. */
        breakerDuration?: number | BreakerEnd;
        /** Who set these limits, except those of `returned`. */
        by?: LimitSetter;
        /** Limits that are a call's again, because the configuration became looser than the call's value. */
        returned?: AccountLimitName[];
      }
    /** `flowId`: the flow whose step reached the limit; absent for a trip by hand. `extended`: the breaker was active, and holds longer. */
    | { type: "account_breaker_tripped"; account: string; flowId?: string; breaker: CircuitBreaker }
    | { type: "account_breaker_extended"; account: string; flowId?: string; breaker: CircuitBreaker }
    | { type: "account_breaker_reset"; account: string; reason?: string }
    | { type: "signal_processed"; signalId: string; pair: string; ts: Date }
    | { type: "cooldown_set"; cooldown: string; until: Date; reason?: string }
    | { type: "cooldown_cleared"; pair: string; side?: PositionSide }
    | { type: "lease_acquired"; token: number; holder: string; until: Date }
    /** `holder` had the lease. `instance` released it, or took it from a dead holder and says why. */
    | { type: "lease_released"; token: number; holder: string; reason?: string }
    | { type: "recovery_begun"; recoveryId: number; reason: string }
    /** A person has approved the plan that waits; `instance` is that person's. */
    | { type: "recovery_approved"; recoveryId: number; hash: string }
    /** `reason`: why somebody other than its holder ended it. */
    | { type: "recovery_ended"; reason?: string }
    | ({ type: "difference_found" } & Difference)
    /** No change, but a gap: the log was trimmed past the requested place, so events before this one may be missing. */
    | { type: "history_trimmed"; after: string }
  );

/** The flow's risk today. `day` is the trading day (UTC date of now - day_start); `currentDrawdown` is a fraction of the peak. */
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

/** `applied` is false if this trade, or this open position's result, was booked before; `tripped` is true if this change tripped the breaker. */
export interface RiskUpdate extends RiskState {
  applied: boolean;
  tripped: boolean;
}

/** A limit in force. `by`, `who` (an instance) and `at` are absent if it is not known who set it, as before 0.3. */
export interface RiskLimitOrigin {
  value: number;
  by?: LimitSetter;
  who?: string;
  at?: Date;
}

/** Who set the limits in force. */
export type RiskLimitOrigins = { [name in RiskLimitName]?: RiskLimitOrigin };

/** The same for an account. */
export type AccountLimitOrigins = { [name in AccountLimitName]?: RiskLimitOrigin };

/** How long the breaker of an account lasts: ms, or what ends it; and who set that. */
export interface BreakerDurationOrigin {
  value: number | BreakerEnd;
  by: LimitSetter;
  who: string;
  at: Date;
}

/** `until` is absent if the breaker is active and only a reset ends it. */
export interface CircuitBreaker {
  active: boolean;
  reason?: string;
  source?: BreakerSource;
  trippedAt?: Date;
  until?: Date;
}

/** A day that is over; later bookings may still change it. */
export interface DailyRisk {
  day: string;
  pnl: number;
  /** How many trades ended, or had their results told. */
  trades: number;
  parts: DayParts;
}

/** The parts of a day's PnL: the five add up to it. */
export interface DayParts {
  /** Whole results of the trades that ended. */
  closed: number;
  /** Change of the results of open positions: what was booked on them, less what moved to `closed`. */
  open: number;
  /** Bookings on trades that had ended before. */
  later: number;
  /** Cash that belongs to no trade. */
  cash: number;
  /** `updateDailyPnl` that is not tied to a position. */
  untied: number;
}

export interface SignalState {
  /** Time of the signal that was marked last, as the caller gave it. */
  lastProcessedTs?: Date;
  lastProcessedPair?: string;
  lastProcessedId?: string;
  /** Active cooldowns: from `BTC/USDT`, `BTC/USDT|long` or `*` to the time they end. */
  cooldowns: Record<string, Date>;
  /** The newest 100 processed ids, oldest first. */
  recentSignalIds: string[];
}

export interface CloseResult {
  closed: boolean;
  /** If this call closed the position: the position before that, and its trade. */
  position?: Position;
  trade?: Trade;
  /** Pending exits whose position is gone: cancel them. */
  exitsLeft: PendingOrder[];
  risk: RiskState;
  tripped: boolean;
}

/** One bot process of this flow. */
export interface Instance {
  id: string;
  lastHeartbeat: Date;
  /** Version of its package, and the schema that it writes; absent if it is not known, as before 0.2. */
  version?: string;
  schema?: number;
}

/** All state, read in one step. */
export interface Snapshot {
  flowId: string;
  epoch: string;
  at: Date;
  positions: Position[];
  orders: PendingOrder[];
  risk: RiskState;
  breaker: CircuitBreaker;
  limits: RiskLimits;
  /** Who set the limits. */
  limitOrigins: RiskLimitOrigins;
  signals: SignalState;
  heartbeat?: Date;
  instances: Instance[];
  /** Today's. */
  admissions: AdmissionDay;
  /** Why entries are refused: a recovery is under way. */
  recovering?: string;
  /** The exchange account that the flow is in. */
  account?: AccountStatus;
}
