/**
 * Every metric there is. Money is in the flow's currency, times are Unix seconds, ratios go from 0 to 1; limits stand beside what they
 * limit, and are absent where there is none. A counter begins with the process that counts, unless its help says otherwise.
 */

export interface Definition {
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly labels: readonly Label[];
}

/** No others: each is a choice from a short list, or grows with what the bots trade. Ids are no labels. */
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
  sf_up: gauge("1: the flow was read; 0: it cannot be."),
  sf_reading_timestamp_seconds: gauge("When the flow stood so, by its own clock."),
  sf_wants: gauge("What wants a person, by kind, as sf-state alert tells it.", "kind"),

  sf_daily_pnl: gauge("PnL that was booked on this trading day."),
  sf_daily_loss_limit: gauge("max_daily_loss: the breaker trips when sf_daily_pnl comes to minus this."),
  sf_daily_trades: gauge("Trades counted on this trading day."),
  sf_daily_trades_limit: gauge("max_daily_trades: entries are refused once sf_daily_trades is this."),
  sf_consecutive_losses: gauge("Losing trades in a row."),
  sf_consecutive_losses_limit: gauge("max_consecutive_losses: the breaker trips at this many."),
  sf_equity: gauge("Equity, from its peak and the drawdown; absent as long as none is known."),
  sf_peak_equity: gauge("The highest equity there was; absent as long as none is known."),
  sf_drawdown_ratio: gauge("How far equity is below its peak, as a part of that."),
  sf_drawdown_limit_ratio: gauge("max_drawdown: the breaker trips when sf_drawdown_ratio comes to this."),
  sf_exposure: gauge("Money at work in open positions and pending entries, each at its latest known rate."),
  sf_exposure_limit: gauge("max_exposure."),
  sf_slots: gauge("Open positions, and pending entries that have none yet."),
  sf_slots_limit: gauge("max_open_positions."),
  sf_slots_per_pair_limit: gauge("max_positions_per_pair."),

  sf_positions: gauge("Open positions.", "pair", "side"),
  sf_position_size: gauge("Size of the open positions, in base currency or contracts.", "pair", "side"),
  sf_orders: gauge("Pending orders.", "status"),
  sf_oldest_order_timestamp_seconds: gauge("When the oldest pending order was made; absent without one."),
  sf_untold_trades: gauge("Trades whose result nobody told."),

  sf_breaker_active: gauge("1: the breaker is tripped, by this source.", "source"),
  sf_breaker_tripped_timestamp_seconds: gauge("When it was tripped; absent while it is quiet."),
  sf_breaker_until_timestamp_seconds: gauge("When it ends by itself; absent where it does not."),
  sf_recovering: gauge("1: a recovery is under way, and entries are refused."),
  sf_heartbeat_timestamp_seconds: gauge("The newest heartbeat; absent where there never was one."),
  sf_instances: gauge("Bots that gave heartbeats and did not sign off: alive, or dead.", "status"),
  sf_lease_held: gauge("1: somebody holds the lease."),
  sf_lease_until_timestamp_seconds: gauge("When the lease ends without a renewal; absent where nobody holds it."),

  sf_admitted_entries_total: counter("Entries admitted on this trading day: begins at 0 each day."),
  sf_refused_entries_total: counter("Entries refused on this trading day: begins at 0 each day.", "reason"),
  sf_fills_total: counter("Fills booked."),
  sf_closed_trades_total: counter("Trades that ended."),
  sf_trade_fees_total: counter("Fees paid of trades that ended."),
  sf_trade_rebates_total: counter("Fees paid back of trades that ended."),
  sf_breaker_trips_total: counter("Times that the breaker was tripped.", "source"),
  sf_differences_total: counter("Differences from the exchange that were told, new ones and such that last."),
  sf_epochs_total: counter("Times that the flow was another one than before: restored, migrated, lost."),

  sf_account_daily_pnl: ofAccount("What all flows of the account booked on its trading day."),
  sf_account_daily_loss_limit: ofAccount("max_daily_loss of the account."),
  sf_account_equity: ofAccount("Equity of the account; absent without account.starting_equity."),
  sf_account_peak_equity: ofAccount("The highest equity of the account; absent as long as none is known."),
  sf_account_drawdown_ratio: ofAccount("How far the account's equity is below its peak, as a part of that."),
  sf_account_drawdown_limit_ratio: ofAccount("max_drawdown of the account."),
  sf_account_exposure: ofAccount("Money at work in all flows of the account."),
  sf_account_exposure_limit: ofAccount("max_exposure of the account."),
  sf_account_slots: ofAccount("Slots that all flows of the account take."),
  sf_account_slots_limit: ofAccount("max_open_positions of the account."),
  sf_account_breaker_active: ofAccount("1: the account's breaker is tripped, by this source.", "source"),

  sf_redis_up: ofServer("1: every server that keeps the flows was asked; 0: one cannot be."),
  sf_redis_memory_used_bytes: ofServer("Memory that Redis uses, over all masters."),
  sf_redis_memory_limit_bytes: ofServer("maxmemory, over all masters; absent where there is none."),
  sf_redis_last_save_timestamp_seconds: ofServer("The oldest of the masters' last snapshots on disk."),
  sf_redis_last_save_ok: ofServer("1: every master's last snapshot on disk was written."),
  sf_redis_append_only_file: ofServer("1: every master keeps an append-only file."),
  sf_redis_append_only_file_ok: ofServer("1: every master's last write to it was done; absent where one keeps none."),
} as const satisfies Readonly<Record<string, Definition>>;

export type MetricName = keyof typeof METRICS;

/** Of the calls of one process: only its own bot can count them. */
export const CALL_METRICS = {
  sf_operation_duration_seconds: "How long calls took, from being asked to the answer.",
  sf_retries_total: "Calls of retry() on an unknown outcome.",
  sf_unknown_outcomes_total: "Calls of which nobody knew at first whether they had happened.",
  sf_state_lost_total: "Calls that were rejected since the state had gone back or was lost.",
} as const;
