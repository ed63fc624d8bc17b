/**
 * The public types: `Date` for times, `number` for amounts: prices in the pair's quote, money in the flow's currency unless a comment says
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

/** A point in time as callers give it: a `Date`, or whole milliseconds since 1970. */
export type Time = Date | number;

/** Any JSON object; at most 64 KiB as text. Comes back as JSON: a `Date` inside becomes its ISO string. */
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

/** A fee as an exchange tells it: above 0 when paid. `rate`: flow currency per unit of `currency`; needed where neither pair nor flow prices it. */
export interface Fee {
  amount: number;
  currency: string;
  rate?: number;
}

/** An amount that nobody could price yet, in `currency`: a fee (above 0 when paid), or the result of an exit. It is in no sum. */
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
  /** ms for which the pair cools down once the position is flat. */
  cooldown?: number;
  /** Its result so far, gross - fees + cash, kept to 20 places and rounded to 8 as it is booked. */
  realised: number;
  /** Paid so far; above 0. */
  fees: number;
  /** Funding and the like so far; below 0 when it was paid. */
  cash: number;
  /** Flow currency per unit of what the pair settles in, as it was last told; absent as long as none was needed. */
  rate?: number;
  /** What is in no sum, since nobody could price it. */
  unpriced?: UnpricedAmount[];
  metadata: Metadata;
  /** Whether it was merely saved, or a fill of an entry opened it; entries that add to a saved one leave it `saved`. */
  openedBy: OpenedBy;
  version: number;
}

/**
 * What `savePosition` takes; `entryTs` defaults to now, `metadata` to `{}`. `openedBy`, `version`, `realised`, `fees`, `cash` and `unpriced` are ignored: the
 * store reckons them.
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
  /** For the pair, once the position is flat. */
  cooldown?: Duration | null;
  metadata?: Metadata;
  openedBy?: OpenedBy;
  version?: number;
  realised?: number;
  fees?: number;
  cash?: number;
  /** Flow currency per unit of what the pair settles in; above zero. Needed where that is another currency, unless it is known from before. */
  rate?: number;
  unpriced?: UnpricedAmount[];
}

/** The fields that `updatePosition` may change; `null` removes `tp` or `sl`. */
export type PositionPatch = Partial<
  Omit<PositionInput, "id" | "openedBy" | "version" | "cooldown" | "realised" | "fees" | "cash" | "unpriced">
>;

/** An order, pending or lately done. `price` is null for a market order; `filled`, in base currency, never goes down. */
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
  /** Stays when that position is gone; a later fill of an entry then opens another one, and the order names that. */
  positionId?: string;
  signalId?: string;
  /** tp, sl, cooldown (ms) and metadata of the position that an entry opens. */
  tp?: number;
  sl?: number;
  cooldown?: number;
  metadata?: Metadata;
  /** 1 when the order was first stored; grows by one with every change, whoever makes it. */
  version: number;
  /** Why it was placed: tp, sl, trailing, manual, ... */
  reason?: string;
  /** Flow currency per unit of what the pair settles in; absent where none is needed. */
  rate?: number;
  /** The position that it turns around, from `admit`. Until the rest opens one of its own, it is the order's `positionId`, too. */
  flip?: string;
}

/**
 * What `saveOrder` takes. Defaults of a new order: `orderType` market without a price and limit with one, `status` open, `createdAt` now,
 * `filled` 0, `intent` entry. Over a pending order, `status` has the same default, and what is not given stays. A `version` is
 * ignored: the store counts. `flip` is refused, unless the stored order has the same: only `admit` turns a position around.
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
  /** Flow currency per unit of what the pair settles in; above zero. An entry with a price in another currency needs it. */
  rate?: number;
  flip?: string;
  version?: number;
}

/**
 * A position that ended, and what it made: `pnl` is its whole result, gross - fees + cash. `getTrades` includes what was booked later; calls and
 * events tell it as it ended. Sizes in base currency, prices in quote currency, amounts in `currency`.
 */
export interface Trade {
  /** `ms-seq` of the step that ended it, growing: what `after` takes. */
  key: string;
  /** The position's. */
  id: string;
  pair: string;
  side: PositionSide;
  /** All that was entered. */
  size: number;
  entryPrice: number;
  /** The average of the prices that exit fills told; absent where none did. */
  exitPrice?: number;
  entryTs: Date;
  exitTs: Date;
  pnl: number;
  /** Above 0 when paid. */
  fees: number;
  /** Funding and the like; below 0 when paid. */
  cash: number;
  /** The flow's: what `pnl`, `fees` and `cash` are in; empty as long as nothing says. Prices are the pair's. */
  currency: string;
  /** What is in no sum, since nobody could price it: the result differs by that. */
  unpriced?: UnpricedAmount[];
  /** An exit was booked at a rate that was not told with it: the position's last one. */
  rateAssumed?: true;
  signalId?: string;
  /** The exit order's, or the closer's: tp, sl, manual, ...; `exit`, `closed` or `removed` where none was given. */
  reason: string;
  /** The instance that booked its first fill, or saved it. */
  entryInstance?: string;
  /** Size whose result nobody told: the true result differs by that. A fill that explains the end takes its size off. */
  untold?: number;
  /** Size that was left and cannot be sold. */
  dust?: number;
  /** The prices that the entry and the exit order asked for. */
  entryAsked?: number;
  exitAsked?: number;
  metadata: Metadata;
}

/**
 * The fields that `updateOrder` may change; `null` removes `price`, `tp`, `sl` or `cooldown`. `filled` may only grow, and `size` not
 * fall below it.
 */
export type OrderPatch = Partial<
  Pick<OrderInput, "size" | "price" | "status" | "filled" | "metadata" | "tp" | "sl" | "cooldown" | "reason" | "rate">
>;

/**
 * One execution of an order. `fillId` is the exchange's; `size` what it executed, gross; `fee` a number in what the pair settles in (default 0), or with its
 * currency; `rate`: flow currency per unit of what the pair settles in; `done`: the exchange says the order is complete.
 * `overfill`: it says that more than the size of an entry was filled.
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
  /** What is left of a position, when the order is done and no other exit of it is pending, ends as dust up to this size. */
  dust?: number;
}

/**
 * `applied` is false when this fill was recorded before: then `order`, `position` and `risk` are as they stand now, and the rest tells of nothing.
 * `position` is the first that the fill touched, absent where that one ended or none was touched; `positions` are all that it touched and
 * that remain. `booked` is all the money that it booked, on trades that had ended, too; `over`, what of an exit went nowhere: no position,
 * no end that it explains, and no dust was left for it.
 */
export interface FillResult {
  applied: boolean;
  order?: PendingOrder;
  position?: Position;
  positions: Position[];
  /** Trades that it ended, in the order in which they were reduced. */
  trades: Trade[];
  booked: number;
  /** What of this fill nobody could price. */
  unpriced?: UnpricedAmount[];
  over?: number;
  /** Pending exits whose position this fill ended: cancel them. */
  exitsLeft: PendingOrder[];
  risk: RiskState;
  tripped: boolean;
}

/**
 * An entry that asks to go ahead. `side` of the position (`buy` and `sell` are taken as `long` and `short`); `price` in quote
 * currency is what the exposure is reckoned with, of a market order too; it may be zero or below, but not of an inverse contract.
 * `orderId` defaults to one derived from flow and signal, which carries the digest of its flow; another is made when an earlier order or position of the signal has that one.
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
  /** The open position of that pair and side that the entry adds to. It takes no slot; its `cooldown`, `tp`, `sl` and `metadata` are not taken. */
  positionId?: string;
  /**
   * An open position of the pair's other side that the entry turns around: `size` closes all that that side holds, and the rest
   * opens a position. What is checked, and reserved, is the rest; it takes the slot of the position that it closes.
   */
  flip?: string;
  reason?: string;
  /** Flow currency per unit of what the pair settles in; above zero. Needed where that is another currency. */
  rate?: number;
  cooldown?: Duration;
  tp?: number | null;
  sl?: number | null;
  metadata?: Metadata;
}

/** `message` is for people; `retryAt` is there where time cures the refusal. */
export type Admission =
  | { admitted: true; order: PendingOrder }
  | { admitted: false; reason: Refusal; message: string; retryAt?: Date };

/** What a guard blocks now: a pair, a side of a pair, or, without a pair, all entries. */
export interface ActiveGuard {
  /** Its place among the guards, from 0. */
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

/** What became of the entries of a trading day: counted by `admit`, kept for 30 days. Being fenced is not counted. */
export interface AdmissionDay {
  day: string;
  admitted: number;
  /** By reason; 0 where none was refused for it. */
  refused: Record<CountedRefusal, number>;
}

/** An entry that `admit` refused. */
export interface RefusedEntry {
  /** `ms-seq`, growing: what `after` takes. */
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

/** Where the log of events stands. */
export interface LogPlace {
  /** The newest event there ever was, `ms-seq`; `0-0`: there was none. */
  newest: string;
  /** How many events there ever were. */
  added: number;
  /** The oldest event that is kept. */
  oldest?: string;
  /** Whether the event that was asked for is kept. */
  holds: boolean;
  /** The epoch that the flow had before it was copied, restored or migrated into this one. */
  was?: string;
  /** Why entries wait for a recovery. */
  recovering?: string;
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

/** Another flow of the same exchange account (`recovery.account`), or why it cannot be read. */
export type AccountFlow =
  | {
      readonly flowId: string;
      readonly readable: true;
      readonly positions: readonly Position[];
      readonly orders: readonly PendingOrder[];
      /** Of the orders that were asked for, those that the flow had and that are over; absent where none was asked for. */
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
  /** The starting equity and what its flows have booked and transferred since. */
  equity?: number;
  peakEquity: number;
  /** As a fraction of the peak. */
  currentDrawdown: number;
  /** Open positions, and pending entries that have none yet, of all its flows. */
  slots: number;
  exposure: number;
  slotsByPair: Record<string, number>;
  limits: AccountLimits;
  /** Who set each limit: the configuration of a bot of one of its flows, or a call. */
  limitOrigins: AccountLimitOrigins;
  /** How long its breaker holds once tripped, and who set that. */
  breakerDuration: BreakerDurationOrigin;
  breaker: CircuitBreaker;
  /** By flow id; also those that have left, for what they booked. */
  flows: AccountPart[];
}

/** The part of a flow in the sums of its account. */
export interface AccountPart {
  flowId: string;
  slots: number;
  exposure: number;
  slotsByPair: Record<string, number>;
  /** Since it joined. */
  booked: number;
  transferred: number;
  dailyPnl: number;
}

/** Something in which state and exchange differ, seen in `reads` readings in a row. */
export interface Difference {
  subject: string;
  found: string;
  reads: number;
}

/** What a change did to the flow's risk, as its event tells it. `breaker` is there when it tripped or was made to last longer. */
/** Money that is no trade: `amount` is as it moves the account, and comes beside this. */
export interface CashInput {
  /** Books once; a name space of its own. */
  id: string;
  kind: CashKind;
  pair?: string;
  /** Open, it gets the cash; ended, its record does. Without one the cash is the day's. */
  positionId?: string;
  currency?: string;
  rate?: number;
  ts?: Time;
  note?: string;
}

/** `to` tells where the cash is, or would be now if it was booked before. */
export interface CashResult {
  applied: boolean;
  to: CashPlace;
  position?: Position;
  risk: RiskState;
  tripped: boolean;
}

/** A deposit or a withdrawal. */
export interface TransferInput {
  /** Counts once; a name space of its own. */
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
  /** What `dailyPnl` is made of; absent before 0.3. */
  parts?: DayParts;
  /** Earlier days into which something was booked, or on which a trade ended, as they stand after the change. */
  late?: DailyRisk[];
  tripped: boolean;
  breaker?: CircuitBreaker;
}

/** What every event has. */
export interface EventBase {
  /** `ms-seq`, growing: what `after` takes. */
  id: string;
  at: Date;
  instance: string;
}

/**
 * One change of the flow, in the order in which the changes happened. They tell the whole state: `position` and `order` are as
 * they stand after the change, an order that is over leaves the pending ones. When a position goes, a pending entry that named it keeps its
 * `positionId` and takes a slot of its own; no other event tells that.
 */
export type StateEvent = EventBase &
  (
    | { type: "position_saved" | "position_updated"; position: Position }
    | {
        type: "position_removed";
        positionId: string;
        pair: string;
        /** The trade that it ended; absent where the position had merely been saved. */
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
        /** In what the pair settles in; 0 where `fees` tell their currencies. */
        fee: number;
        fees?: Fee[];
        rate?: number;
        /** What of it nobody could price. */
        unpriced?: UnpricedAmount[];
        ts: Date;
        pnl: number;
        order: PendingOrder;
        /** The first position that it touched; empty when it touched none: it explained an end, or sold dust. */
        positionId: string;
        position?: Position;
        cooldownUntil?: Date;
        /** What an exit did to other positions of its pair, after the first; `pnl` above is the whole fill's. */
        others?: readonly { positionId: string; size: number; pnl: number; position?: Position }[];
        /** Trades that it ended. */
        trades?: readonly Trade[];
        /** What it booked on trades that had ended before. */
        later?: readonly {
          key: string;
          tradeId: string;
          pnl: number;
          /** Size of that end that fills have told so far. */
          explained: number;
        }[];
        /** Size of the pair's dust that it sold. */
        dustSold?: number;
        /** What of an exit no position held. */
        over?: number;
        /** The order's signal, marked again: `cancelOrder` had given it free. */
        signalMarked?: string;
        risk: EventRisk;
      }
    | {
        type: "pnl_booked";
        pnl: number;
        tradeId?: string;
        /** The open position of that id, whose result it is. */
        position?: Position;
        risk: EventRisk;
      }
    | { type: "equity_updated"; risk: EventRisk }
    | {
        type: "cash_booked";
        cashId: string;
        kind: CashKind;
        /** As it was told, in `currency`; without one, in the flow's. */
        amount: number;
        currency?: string;
        rate?: number;
        pair?: string;
        positionId?: string;
        to: CashPlace;
        ts: Date;
        note?: string;
        /** What it came to. */
        pnl: number;
        /** The open position, as it stands after it. */
        position?: Position;
        /** `key` of the trade on which it was booked. */
        amends?: string;
        /** `key` of the trade whose result nobody told: a person has seen that. */
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
        /** Whose they are now, but for those of `returned`; absent before 0.3. */
        by?: LimitSetter;
        /** Those that are a call's again: the configuration went beyond what that had set. */
        returned?: RiskLimitName[];
        /** Whether a limit that became tighter was reached and tripped the breaker. */
        tripped: boolean;
        breaker?: CircuitBreaker;
      }
    /** What the flow is counted in, and which currencies count as that one. */
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
    /** Of the account that the flow is in. `lost`: the state of that flow was gone, and a person took what it held off the account. */
    | { type: "account_joined"; account: string; flowId: string }
    | { type: "account_left"; account: string; flowId: string; lost?: true }
    | {
        type: "account_limits_set";
        account: string;
        limits: { [name in AccountLimitName]?: number | null };
        /** How long the breaker holds from now on, where that was set. */
        breakerDuration?: number | BreakerEnd;
        /** Whose they are now, but for those of `returned`. */
        by?: LimitSetter;
        /** Those that are a call's again: the configuration went beyond what that had set. */
        returned?: AccountLimitName[];
      }
    /** `flowId`: whose step reached the limit; absent of one that was tripped by hand. `extended`: it was active, and holds longer. */
    | { type: "account_breaker_tripped"; account: string; flowId?: string; breaker: CircuitBreaker }
    | { type: "account_breaker_extended"; account: string; flowId?: string; breaker: CircuitBreaker }
    | { type: "account_breaker_reset"; account: string; reason?: string }
    | { type: "signal_processed"; signalId: string; pair: string; ts: Date }
    | { type: "cooldown_set"; cooldown: string; until: Date; reason?: string }
    | { type: "cooldown_cleared"; pair: string; side?: PositionSide }
    | { type: "lease_acquired"; token: number; holder: string; until: Date }
    /** `holder` had it; \`instance\` let go of it, or took it off a dead holder and says why. */
    | { type: "lease_released"; token: number; holder: string; reason?: string }
    | { type: "recovery_begun"; recoveryId: number; reason: string }
    /** A person has approved the plan that waits; `instance` is who. */
    | { type: "recovery_approved"; recoveryId: number; hash: string }
    /** `reason`: why somebody ended it in place of its holder. */
    | { type: "recovery_ended"; reason?: string }
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

/** `applied` is false when this trade, or this open position's result, was told before; `tripped` is true when this change tripped the breaker. */
export interface RiskUpdate extends RiskState {
  applied: boolean;
  tripped: boolean;
}

/** A limit that is in force; `by`, `who` (an instance) and `at` are absent where nobody is known to have set it: before 0.3. */
export interface RiskLimitOrigin {
  value: number;
  by?: LimitSetter;
  who?: string;
  at?: Date;
}

/** Who set the limits that are in force. */
export type RiskLimitOrigins = { [name in RiskLimitName]?: RiskLimitOrigin };

/** The same of an account. */
export type AccountLimitOrigins = { [name in AccountLimitName]?: RiskLimitOrigin };

/** How long the breaker of an account holds: ms, or what ends it; and who set it, as of a limit. */
export interface BreakerDurationOrigin {
  value: number | BreakerEnd;
  by: LimitSetter;
  who: string;
  at: Date;
}

/** `until` is absent while active when only a reset ends it. */
export interface CircuitBreaker {
  active: boolean;
  reason?: string;
  source?: BreakerSource;
  trippedAt?: Date;
  until?: Date;
}

/** A day that is over, or that something is booked into later. */
export interface DailyRisk {
  day: string;
  pnl: number;
  /** How many ended, or had their results told. */
  trades: number;
  parts: DayParts;
}

/** What a day's PnL is made of: the five add up to it. */
export interface DayParts {
  /** Whole results of the trades that ended. */
  closed: number;
  /** Change of the results of positions that are open: what was booked on them, less what went over to `closed`. */
  open: number;
  /** Later bookings on trades that had ended before. */
  later: number;
  /** Cash of no trade. */
  cash: number;
  /** `updateDailyPnl` not tied to a position. */
  untied: number;
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
  /** The position as it was before, when this call closed it; and the trade that it became. */
  position?: Position;
  trade?: Trade;
  /** Pending exits whose position is gone: cancel them. */
  exitsLeft: PendingOrder[];
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
  /** Who set them. */
  limitOrigins: RiskLimitOrigins;
  signals: SignalState;
  heartbeat?: Date;
  instances: Instance[];
  /** Of today. */
  admissions: AdmissionDay;
  /** Why entries are refused: a recovery is under way. */
  recovering?: string;
  /** The exchange account that the flow is in. */
  account?: AccountStatus;
}
