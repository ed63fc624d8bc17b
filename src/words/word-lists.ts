/** The words that records, configuration and command line choose from. Each list is defined here, and nowhere else. */

export const POSITION_SIDES = ["long", "short"] as const;
export type PositionSide = (typeof POSITION_SIDES)[number];

export const OPENED_BY = ["saved", "fills"] as const;
/** How a position began: `savePosition` stored it, or a fill of an entry opened it. */
export type OpenedBy = (typeof OPENED_BY)[number];

export const ORDER_SIDES = ["buy", "sell"] as const;
export type OrderSide = (typeof ORDER_SIDES)[number];

export const ORDER_INTENTS = ["entry", "exit"] as const;
/** The purpose of an order: to open or grow a position, or to reduce one. */
export type OrderIntent = (typeof ORDER_INTENTS)[number];

export const ORDER_STATUSES = [
  "intent",
  "submitted",
  "open",
  "partially_filled",
  "filled",
  "cancelled",
  "rejected",
  "unknown",
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

export const BREAKER_SOURCES = ["daily_loss", "consecutive_losses", "drawdown", "manual"] as const;
export type BreakerSource = (typeof BREAKER_SOURCES)[number];

/** What ends a breaker that has no duration. */
export const BREAKER_ENDS = ["until_day_end", "until_reset"] as const;
export type BreakerEnd = (typeof BREAKER_ENDS)[number];

export const CASH_KINDS = ["funding", "fee", "interest", "rebate", "settlement", "correction"] as const;
/** The purpose of money that is no trade. */
export type CashKind = (typeof CASH_KINDS)[number];

export const CASH_PLACES = ["position", "trade", "day", "forgotten"] as const;
/** Where cash was booked: on an open position, on the record of one that ended, or into the day alone, because it named no position or a forgotten one. */
export type CashPlace = (typeof CASH_PLACES)[number];

/** What changes a flow's equity: bookings, or reports of the bot. */
export const EQUITY_SOURCES = ["books", "reports"] as const;

/** In the order in which they are checked. */
export const REFUSALS = [
  "fenced",
  "recovering",
  "circuit_breaker",
  "account_circuit_breaker",
  "daily_loss",
  "account_daily_loss",
  "max_daily_trades",
  "duplicate_signal",
  "cooldown",
  "guard",
  "opposite_side",
  "max_open_positions",
  "account_max_open_positions",
  "max_positions_per_pair",
  "account_max_positions_per_pair",
  "max_exposure",
  "account_max_exposure",
] as const;
/** Why an entry is refused; the first that holds, in this order. */
export type Refusal = (typeof REFUSALS)[number];

/** The refusals that are counted: a fenced caller may change nothing, not even a count. */
export type CountedRefusal = Exclude<Refusal, "fenced">;
export const COUNTED_REFUSALS: readonly CountedRefusal[] = REFUSALS.filter((reason) => reason !== "fenced");

/** The outcomes of an entry, as they are counted. */
export const ADMISSION_OUTCOMES = ["admitted", ...COUNTED_REFUSALS] as const;
export type AdmissionOutcome = (typeof ADMISSION_OUTCOMES)[number];

/** How a position ended: by fills, by `closePosition`, by `removePosition`, or with a rest that cannot be sold. */
export const TRADE_ENDINGS = ["fills", "closed", "removed", "dust"] as const;
export type TradeEnding = (typeof TRADE_ENDINGS)[number];

export const OPPOSITE_SIDES = ["allow", "refuse"] as const;
/** Whether an entry may go ahead against a position, or a pending entry, of the other side of its pair. */
export type OppositeSide = (typeof OPPOSITE_SIDES)[number];

export const GUARD_KINDS = ["stop_losses", "low_profit", "drawdown"] as const;
/** What a guard looks for in recent trades: losing stops, too little profit, a fall of the profit. */
export type GuardKind = (typeof GUARD_KINDS)[number];

export const GUARD_BLOCKS = ["pair", "side", "all"] as const;
/** Whose trades a guard looks at, and whose entries it blocks: a pair's, those of a side of a pair, all. */
export type GuardBlock = (typeof GUARD_BLOCKS)[number];

/** Reasons of trades that ended by a stop. Lua twin: `STOPS`. */
export const STOP_REASONS = ["sl", "trailing", "liquidation"] as const;
export type StopReason = (typeof STOP_REASONS)[number];

export const LIMIT_SETTERS = ["config", "call"] as const;
/** Who set a risk limit: the configuration of a bot, when it connected, or a call such as `setRiskLimits`. */
export type LimitSetter = (typeof LIMIT_SETTERS)[number];

export const RECOVERY_MODES = ["sync", "restore", "close_all", "manual"] as const;
export type RecoveryMode = (typeof RECOVERY_MODES)[number];

export const ORPHAN_ACTIONS = ["close", "adopt", "manual"] as const;
export type OrphanAction = (typeof ORPHAN_ACTIONS)[number];

export const UNEXPLAINED_ACTIONS = ["ask", "close"] as const;
export type UnexplainedAction = (typeof UNEXPLAINED_ACTIONS)[number];

export const BACKENDS = ["redis", "duckdb", "memory"] as const;
export type BackendName = (typeof BACKENDS)[number];

/** The types of events in the log. */
export const EVENT_TYPES = [
  "position_saved",
  "position_updated",
  "position_removed",
  "position_closed",
  "order_saved",
  "order_updated",
  "order_removed",
  "order_cancelled",
  "entry_admitted",
  "fill_recorded",
  "pnl_booked",
  "equity_updated",
  "equity_started",
  "cash_booked",
  "transfer_recorded",
  "limits_set",
  "currency_set",
  "guards_set",
  "breaker_tripped",
  "breaker_reset",
  "signal_processed",
  "cooldown_set",
  "cooldown_cleared",
  "lease_acquired",
  "lease_released",
  "recovery_begun",
  "recovery_approved",
  "recovery_ended",
  "difference_found",
  "account_joined",
  "account_left",
  "account_limits_set",
  "account_breaker_tripped",
  "account_breaker_extended",
  "account_breaker_reset",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** The kinds of things that need a person. */
export const WANT_KINDS = [
  "unreadable",
  "breaker",
  "recovering",
  "dead",
  "stale",
  "difference",
  "untold",
  "guards_unreadable",
  "unknown_order",
  "limit_near",
  "dead_lease",
  "unpriced",
  "blind_limit",
  "limits_differ",
] as const;
export type WantKind = (typeof WANT_KINDS)[number];

/** The kinds that are told by default. */
export const USUAL_WANTS = [
  "unreadable",
  "breaker",
  "dead",
  "stale",
  "recovering",
  "difference",
  "untold",
  "unknown_order",
  "limit_near",
] as const satisfies readonly WantKind[];

/** The forms of a webhook's messages. */
export const TEMPLATES = ["json", "telegram", "slack", "discord"] as const;
export type Template = (typeof TEMPLATES)[number];

/** The word of a list that equals the text; undefined if none does. */
export function wordOf<Word extends string>(words: readonly Word[], text: unknown): Word | undefined {
  return words.find((word) => word === text);
}

/** `one of "close", "adopt", "manual"`. */
export function oneOfWords(words: readonly string[]): string {
  return `one of ${words.map((word) => JSON.stringify(word)).join(", ")}`;
}
