/**
 * Every metric. Money is in the flow's currency, times are Unix seconds, ratios are between 0 and 1. A limit is a metric of its own, absent if it is not set.
 * A counter starts at 0 with its process, unless its help says otherwise.
 */

export interface Definition {
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly labels: readonly Label[];
}

/** All labels. Each has few values, or grows only with what the bots trade. Ids are never labels. */
export const LABELS = ["flow", "account", "pair", "side", "status", "source", "kind", "reason", "op"] as const;
export type Label = (typeof LABELS)[number];

function gauge(help: string, ...labels: Label[]): Definition {
  return { type: "gauge", help, labels: ["flow", ...labels] };
}

function counter(help: string, ...labels: Label[]): Definition {
  return { type: "counter", help, labels: ["flow", ...labels] };
}

function ofAccount(help: string, ...labels: Label[]): Definition {
  return { type: "gauge", help, labels: ["account", ...labels] };
}

function ofServer(help: string): Definition {
  return { type: "gauge", help, labels: [] };
}

export const METRICS = {
  sf_up: gauge("1 if the flow was read, 0 if it cannot be read."),
  sf_reading_timestamp_seconds: gauge("When the flow was read, by its own clock."),
  sf_wants: gauge("Facts that need a person, by kind; sf-state alert reports the same.", "kind"),

  sf_daily_pnl: gauge("PnL booked on this trading day."),
  sf_daily_loss_limit: gauge("max_daily_loss: the breaker trips when sf_daily_pnl reaches minus this."),
  sf_daily_trades: gauge("Trades counted on this trading day."),
  sf_daily_trades_limit: gauge("max_daily_trades: entries are refused once sf_daily_trades reaches this."),
  sf_consecutive_losses: gauge("Losing trades in a row."),
  sf_consecutive_losses_limit: gauge("max_consecutive_losses: the breaker trips at this many."),
  sf_equity: gauge("Equity, computed from peak and drawdown; absent until it is known."),
  sf_peak_equity: gauge("The highest equity so far; absent until it is known."),
  sf_drawdown_ratio: gauge("Drawdown: (peak - equity) / peak."),
  sf_drawdown_limit_ratio: gauge("max_drawdown: the breaker trips when sf_drawdown_ratio reaches this."),
  sf_exposure: gauge("Exposure of open positions and pending entries, each at its latest known rate."),
  sf_exposure_limit: gauge("max_exposure."),
  sf_slots: gauge("Open positions, and pending entries that have no position yet."),
  sf_slots_limit: gauge("max_open_positions."),
  sf_slots_per_pair_limit: gauge("max_positions_per_pair."),

  sf_positions: gauge("Open positions.", "pair", "side"),
  sf_position_size: gauge("Size of the open positions, in base currency or contracts.", "pair", "side"),
  sf_orders: gauge("Pending orders.", "status"),
  sf_oldest_order_timestamp_seconds: gauge("When the oldest pending order was made; absent without one."),
  sf_untold_trades: gauge("Trades whose result nobody told."),

  sf_breaker_active: gauge("1 if this source tripped the breaker and it is active.", "source"),
  sf_breaker_tripped_timestamp_seconds: gauge("When the breaker was tripped; absent while it is not."),
  sf_breaker_until_timestamp_seconds: gauge("When the breaker ends by itself; absent if it does not."),
  sf_recovering: gauge("1 if a recovery is under way: entries are refused."),
  sf_heartbeat_timestamp_seconds: gauge("The newest heartbeat; absent if there never was one."),
  sf_instances: gauge("Bots that gave heartbeats and did not sign off: alive, or dead.", "status"),
  sf_lease_held: gauge("1 if a process holds the lease."),
  sf_lease_until_timestamp_seconds: gauge("When the lease ends unless it is renewed; absent if nobody holds it."),

  sf_admitted_entries_total: counter("Entries admitted on this trading day; 0 at the start of each day."),
  sf_refused_entries_total: counter("Entries refused on this trading day; 0 at the start of each day.", "reason"),
  sf_fills_total: counter("Fills booked."),
  sf_closed_trades_total: counter("Trades that ended."),
  sf_trade_fees_total: counter("Fees paid on trades that ended."),
  sf_trade_rebates_total: counter("Rebates received on trades that ended."),
  sf_breaker_trips_total: counter("Times that the breaker was tripped.", "source"),
  sf_differences_total: counter("Differences from the exchange that were reported; one that lasts is reported again."),
  sf_epochs_total: counter("Times that the flow's epoch changed: it was restored, migrated or lost."),

  sf_account_daily_pnl: ofAccount("PnL that all flows of the account booked on its trading day."),
  sf_account_daily_loss_limit: ofAccount("max_daily_loss of the account."),
  sf_account_equity: ofAccount("Equity of the account; absent without account.starting_equity."),
  sf_account_peak_equity: ofAccount("The highest equity of the account; absent until it is known."),
  sf_account_drawdown_ratio: ofAccount("Drawdown of the account: (peak - equity) / peak."),
  sf_account_drawdown_limit_ratio: ofAccount("max_drawdown of the account."),
  sf_account_exposure: ofAccount("Exposure of all flows of the account."),
  sf_account_exposure_limit: ofAccount("max_exposure of the account."),
  sf_account_slots: ofAccount("Slots that all flows of the account take."),
  sf_account_slots_limit: ofAccount("max_open_positions of the account."),
  sf_account_breaker_active: ofAccount("1 if this source tripped the account's breaker and it is active.", "source"),

  sf_redis_up: ofServer("1 if every server that keeps the flows answered, 0 if one did not."),
  sf_redis_memory_used_bytes: ofServer("Memory that Redis uses, over all masters."),
  sf_redis_memory_limit_bytes: ofServer("maxmemory, over all masters; absent if it is not set."),
  sf_redis_last_save_timestamp_seconds: ofServer(
    "When the last snapshot was written to disk; of several masters the oldest.",
  ),
  sf_redis_last_save_ok: ofServer("1 if every master's last snapshot succeeded."),
  sf_redis_append_only_file: ofServer("1 if every master keeps an append-only file."),
  sf_redis_append_only_file_ok: ofServer(
    "1 if every master's last write to its append-only file succeeded; absent if one keeps none.",
  ),
} as const satisfies Readonly<Record<string, Definition>>;

export type MetricName = keyof typeof METRICS;

/** Metrics of one process's calls: only the bot itself can count them. */
export const CALL_METRICS = {
  sf_operation_duration_seconds: "Duration of calls, from the call to its answer.",
  sf_retries_total: "Calls of retry() after an unknown outcome.",
  sf_unknown_outcomes_total: "Calls that ended in an UnknownOutcomeError.",
  sf_state_lost_total: "Calls that ended in a StateLostError.",
} as const;
