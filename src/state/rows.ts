/**
 * The rows of a flow's state, with the field names under which they are stored: the JSON of the Redis hashes, the columns of the
 * DuckDB tables. Times are ms since 1970, metadata is JSON text.
 */

import type { Money } from "../exact/money.js";
import type { BreakerSource, OrderIntent, OrderSide, OrderStatus, PositionSide } from "../types.js";

export interface MetaRow {
  readonly schema: number;
  readonly epoch: string;
  readonly created_at: number;
  /** Why a recovery blocks entries; null when none is under way. */
  readonly recovering: string | null;
  /** The epoch that the flow had before it was copied, restored or migrated into this one; null when it never was. */
  readonly was: string | null;
}

/** What a bot is made of, as its heartbeat tells. */
export interface ClientRow {
  readonly version: string;
  readonly schema: number;
}

/** The recovery under way, or the last one. Tokens and ids only grow. */
export interface RecoveryRow {
  /** The token under which it was begun: names it for good, over everybody who resumes it. */
  readonly id: number;
  readonly token: number;
  readonly holder: string;
  /** When its holder has to have renewed it; 0 once it was let go or has ended. */
  readonly until: number;
  readonly begun_at: number;
}

export interface PositionRow {
  readonly id: string;
  readonly pair: string;
  readonly side: PositionSide;
  readonly size: number;
  readonly entry_price: number;
  readonly entry_ts: number;
  readonly tp: number | null;
  readonly sl: number | null;
  /** ms for which the pair cools down once the position is flat. */
  readonly cooldown: number | null;
  /** Exact sum of size x price over the entry fills, a plain decimal; null where it is size x entry_price. */
  readonly cost: string | null;
  /** What the position takes of `risk.max_exposure`. */
  readonly notional: Money;
  /** What its fills have booked so far, fees included. */
  readonly realised: Money;
  readonly last_fill_ts: number | null;
  readonly version: number;
  readonly metadata: string;
}

export interface OrderRow {
  readonly id: string;
  readonly pair: string;
  readonly side: OrderSide;
  readonly order_type: string;
  readonly price: number | null;
  readonly size: number;
  readonly status: OrderStatus;
  readonly created_at: number;
  readonly filled: number;
  readonly intent: OrderIntent;
  readonly position_id: string | null;
  readonly signal_id: string | null;
  /** tp, sl, cooldown (ms) and metadata of the position that the order opens. */
  readonly tp: number | null;
  readonly sl: number | null;
  readonly cooldown: number | null;
  readonly metadata: string | null;
  /** What the unfilled rest of an entry takes of `risk.max_exposure`; 0 for an exit. */
  readonly notional: Money;
}

export interface RiskRow {
  readonly day: string;
  readonly daily_pnl: Money;
  readonly daily_trades: number;
  readonly consecutive_losses: number;
  readonly equity: number | null;
  readonly peak_equity: number;
  readonly current_drawdown: number;
}

export interface BreakerRow {
  readonly reason: string;
  readonly source: BreakerSource;
  readonly tripped_at: number;
  /** null: until reset. */
  readonly until: number | null;
}

export interface DailyRow {
  readonly day: string;
  readonly pnl: Money;
  readonly trades: number;
}

export interface LastSignalRow {
  readonly id: string;
  readonly pair: string;
  readonly ts: number;
}

/** The flow's lease; `until` 0 once it was released. Tokens only grow. */
export interface LeaseRow {
  readonly token: number;
  readonly holder: string;
  readonly until: number;
}

/** One change of the flow, as it was appended to the event log: flat fields, all text, read by eye in Redis. */
export interface EventRow {
  /** `ms-seq`, growing. */
  readonly id: string;
  readonly at: number;
  readonly instance: string;
  readonly type: string;
  /** Made only when somebody reads the event: rows never change, so it may be asked for at any later time. */
  readonly fields: () => Readonly<Record<string, string>>;
}
