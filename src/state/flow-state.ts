import type { RiskLimitName } from "../config/risk-limits.js";
import type { AmendmentRow } from "../records/amendment.js";
import type { BreakerRow } from "../records/breaker.js";
import type { ClientRow } from "../records/client.js";
import type { DailyRow } from "../records/day.js";
import type { DustRow } from "../records/dust.js";
import type { LeaseRow } from "../records/lease.js";
import type { LimitOriginRow } from "../records/limit-origin.js";
import type { MetaRow } from "../records/meta.js";
import type { OrderRow } from "../records/order.js";
import type { PositionRow } from "../records/position.js";
import type { RecoveryRow } from "../records/recovery.js";
import type { RefusalRow } from "../records/refusal.js";
import type { RiskRow } from "../records/risk.js";
import type { LastSignalRow } from "../records/signal.js";
import type { TradeRow } from "../records/trade.js";
import type { EventType } from "../words/word-lists.js";
import type { AccountState, KeptAccounts } from "./account.js";
import { EventLog } from "./event-log.js";
import { Exposure } from "./exposure.js";
import type { GuardTrade } from "./guards.js";
import { Log } from "./log.js";
import { OrdersByPosition } from "./orders-by-position.js";
import { Ranking } from "./ranking.js";
import { Cell, ChangeLog, Table } from "./table.js";

/** The version of the stored layout, in Redis and in DuckDB. */
export const SCHEMA_VERSION = 4;

/**
 * What a flow that is in an exchange account says instead: the same layout, refused by versions before 0.5, which would change the flow and not the
 * account's sums. Leaving brings the former back. The next layout is therefore schema 6.
 */
export const SCHEMA_IN_ACCOUNT = 5;

/** Whose change an event tells of, and when that was. */
export interface Speaker {
  readonly now: number;
  readonly instance: string;
  /** Events kept; 0 = none. */
  readonly maxEvents: number;
}

/** Everything a flow remembers, in memory. Operations change it through its tables; nothing else holds trading state. */
export class FlowState {
  readonly changes = new ChangeLog();
  readonly exposure = new Exposure();
  readonly ordersByPosition = new OrdersByPosition();

  readonly meta = new Cell<MetaRow>("flow_meta", this.changes);
  readonly positions = new Table<PositionRow>("positions", this.changes, this.exposure.watchPosition);
  readonly orders = new Table<OrderRow>("pending_orders", this.changes, (before, after) => {
    this.exposure.watchOrder(before, after);
    this.ordersByPosition.watch(before, after);
  });
  readonly closedOrders = new Table<OrderRow>("closed_orders", this.changes);
  /** Closed orders by the time they were closed. */
  readonly closedAt = new Ranking("closed_at", this.changes);
  /** Fills already booked, `order id|fill id`, by the time they were booked. */
  readonly fills = new Ranking("recorded_fills", this.changes);
  /** `price size` of those fills. */
  readonly fillsTold = new Table<string>("fills_told", this.changes);
  /** The newest trades that ended. */
  readonly closedTrades = new Log<TradeRow>("trade_records", this.changes);
  /** Positions that ended, by the ms of their trade's key. */
  readonly ended = new Ranking("ended_positions", this.changes);
  /** What was booked on trades after their end, by the trade's key. */
  readonly amendments = new Table<AmendmentRow>("trade_amendments", this.changes);
  /** `pair|side` to what ended trades left there and cannot be sold. */
  readonly dust = new Table<DustRow>("dust", this.changes);
  readonly risk = new Cell<RiskRow>("risk_state", this.changes);
  readonly breaker = new Cell<BreakerRow>("circuit_breaker", this.changes);
  readonly limits = new Table<number>("risk_limits", this.changes);
  /** By pair, what guards remember of the trades that ended: the newest 200, in the order in which they were written down. */
  readonly guardTrades = new Table<readonly GuardTrade[]>("guard_trades", this.changes);
  /** Who set them. */
  readonly limitsBy = new Table<LimitOriginRow>("risk_limit_origins", this.changes);
  readonly history = new Table<DailyRow>("risk_history", this.changes);
  /** Trade ids already booked, by the time they were booked. */
  readonly trades = new Ranking("booked_trades", this.changes);
  /** Ids of cash already booked, and of transfers already recorded, by the time they were. */
  readonly cash = new Ranking("booked_cash", this.changes);
  readonly transfers = new Ranking("recorded_transfers", this.changes);
  /** Signal ids already acted on, by the time they were marked. */
  readonly processed = new Ranking("processed_signals", this.changes);
  readonly lastSignal = new Cell<LastSignalRow>("signal_state", this.changes);
  /** `pair` or `pair|side` to the ms at which the cooldown ends. */
  readonly cooldowns = new Table<number>("cooldowns", this.changes);
  /** `day|outcome` to how many entries got that answer. */
  readonly admissions = new Table<number>("admissions", this.changes);
  /** The newest entries that were refused. */
  readonly refusals = new Log<RefusalRow>("refusals", this.changes);
  readonly heartbeat = new Cell<number>("heartbeat", this.changes);
  /** Instances by their last heartbeat. */
  readonly instances = new Ranking("instances", this.changes);
  /** The package that each instance told of. */
  readonly versions = new Table<ClientRow>("instance_versions", this.changes);
  readonly lease = new Cell<LeaseRow>("lease", this.changes);
  readonly recovery = new Cell<RecoveryRow>("recovery", this.changes);
  /** What the recovery under way must remember if it is resumed: texts by key. */
  readonly recoveryJournal = new Table<string>("recovery_journal", this.changes);
  readonly events = new EventLog(this.changes);

  /** The exchange account that the flow is in. */
  account: AccountState | undefined;
  /** Called when another flow of the account has put an event into this one's log. */
  woken: (() => void) | undefined;

  /** `flowId` names the flow's part of its account. */
  constructor(
    readonly flowId = "",
    /** Where accounts are kept, if they are. */
    public accounts: KeptAccounts | undefined = undefined,
  ) {}

  limit(name: RiskLimitName): number | undefined {
    return this.limits.get(name);
  }

  /** Appends an event of a change that was just written. `fields` is asked for only when somebody reads the event. */
  emit(call: Speaker, type: EventType, fields: () => Record<string, string>): void {
    this.events.append({ at: call.now, instance: call.instance, type, fields }, call.maxEvents);
  }
}
