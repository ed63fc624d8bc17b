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
 * The schema that a flow in an exchange account states instead. The layout is the same, but versions before 0.5 refuse it: they would change the flow and
 * not the account's sums. When the flow leaves, it states SCHEMA_VERSION again. So the next layout is schema 6.
 */
export const SCHEMA_IN_ACCOUNT = 5;

/** Who makes a change, and when: part of its event. */
export interface Speaker {
  readonly now: number;
  readonly instance: string;
  /** Events kept; 0 = none. */
  readonly maxEvents: number;
}

/** Everything a flow remembers, in memory. Operations change it through its tables; no trading state is held anywhere else. */
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
  /** Closed orders, by the time at which they were closed. */
  readonly closedAt = new Ranking("closed_at", this.changes);
  /** Fills already booked, `order id|fill id`, by the time of booking. */
  readonly fills = new Ranking("recorded_fills", this.changes);
  /** `price size` of these fills. */
  readonly fillsTold = new Table<string>("fills_told", this.changes);
  /** The newest trades that ended. */
  readonly closedTrades = new Log<TradeRow>("trade_records", this.changes);
  /** Positions that ended, by the ms in their trade's key. */
  readonly ended = new Ranking("ended_positions", this.changes);
  /** Bookings on trades after their end, by the trade's key. */
  readonly amendments = new Table<AmendmentRow>("trade_amendments", this.changes);
  /** Dust by `pair|side`: rests of ended trades that cannot be sold. */
  readonly dust = new Table<DustRow>("dust", this.changes);
  readonly risk = new Cell<RiskRow>("risk_state", this.changes);
  readonly breaker = new Cell<BreakerRow>("circuit_breaker", this.changes);
  readonly limits = new Table<number>("risk_limits", this.changes);
  /** The newest 200 ended trades of each pair, as guards remember them, in the order in which they were written. */
  readonly guardTrades = new Table<readonly GuardTrade[]>("guard_trades", this.changes);
  /** Who set each limit. */
  readonly limitsBy = new Table<LimitOriginRow>("risk_limit_origins", this.changes);
  readonly history = new Table<DailyRow>("risk_history", this.changes);
  /** Trade ids already booked, by the time of booking. */
  readonly trades = new Ranking("booked_trades", this.changes);
  /** Ids of cash and of transfers already booked, by the time of booking. */
  readonly cash = new Ranking("booked_cash", this.changes);
  readonly transfers = new Ranking("recorded_transfers", this.changes);
  /** Signal ids already acted on, by the time of marking. */
  readonly processed = new Ranking("processed_signals", this.changes);
  readonly lastSignal = new Cell<LastSignalRow>("signal_state", this.changes);
  /** From `pair` or `pair|side` to the end of the cooldown, ms. */
  readonly cooldowns = new Table<number>("cooldowns", this.changes);
  /** From `day|outcome` to how many entries had that outcome. */
  readonly admissions = new Table<number>("admissions", this.changes);
  /** The newest entries that were refused. */
  readonly refusals = new Log<RefusalRow>("refusals", this.changes);
  readonly heartbeat = new Cell<number>("heartbeat", this.changes);
  /** Instances by their last heartbeat. */
  readonly instances = new Ranking("instances", this.changes);
  /** The package version and schema of each instance. */
  readonly versions = new Table<ClientRow>("instance_versions", this.changes);
  readonly lease = new Cell<LeaseRow>("lease", this.changes);
  readonly recovery = new Cell<RecoveryRow>("recovery", this.changes);
  /** The notes that a resumed recovery needs: texts by key. */
  readonly recoveryJournal = new Table<string>("recovery_journal", this.changes);
  readonly events = new EventLog(this.changes);

  /** The exchange account that the flow is in. */
  account: AccountState | undefined;
  /** Called after another flow of the account has put an event into this flow's log. */
  woken: (() => void) | undefined;

  /** `flowId`: the name of the flow's part in its account. */
  constructor(
    readonly flowId = "",
    /** The accounts, if this backend keeps any. */
    public accounts: KeptAccounts | undefined = undefined,
  ) {}

  limit(name: RiskLimitName): number | undefined {
    return this.limits.get(name);
  }

  /** Appends the event of a change that was just written. `fields` is called only when somebody reads the event. */
  emit(call: Speaker, type: EventType, fields: () => Record<string, string>): void {
    this.events.append({ at: call.now, instance: call.instance, type, fields }, call.maxEvents);
  }
}
