/** The SQL tables: one for every table of a flow's state, in typed columns, for people to ask. */
import type { FlowState } from "../../state/flow-state.js";
import type {
  BreakerRow,
  ClientRow,
  DailyRow,
  LastSignalRow,
  LeaseRow,
  MetaRow,
  OrderRow,
  PositionRow,
  RecoveryRow,
  RiskRow,
} from "../../state/rows.js";
import type { ChangedTable, Table } from "../../state/table.js";
import { type Columns, double, json, money, oneOf, optional, text, time, whole } from "./columns.js";
import { EventMirror } from "./event-mirror.js";
import type { Mirror } from "./mirror.js";
import { RowMirror } from "./row-mirror.js";
import { SqlTable } from "./sql-table.js";

const flowMeta = new SqlTable<MetaRow & { readonly flow_id: string }>("flow_meta", {
  flow_id: text,
  schema: whole,
  epoch: text,
  created_at: time,
  recovering: optional(text),
  was: optional(text),
});

const positions = new SqlTable<PositionRow>("positions", {
  id: text,
  pair: text,
  side: oneOf(["long", "short"]),
  size: double,
  entry_price: double,
  entry_ts: time,
  tp: optional(double),
  sl: optional(double),
  cooldown: optional(whole),
  cost: optional(text),
  notional: money,
  realised: money,
  last_fill_ts: optional(time),
  version: whole,
  metadata: json,
});

const order: Columns<OrderRow> = {
  id: text,
  pair: text,
  side: oneOf(["buy", "sell"]),
  order_type: text,
  price: optional(double),
  size: double,
  status: oneOf(["intent", "submitted", "open", "partially_filled", "filled", "cancelled", "rejected", "unknown"]),
  created_at: time,
  filled: double,
  intent: oneOf(["entry", "exit"]),
  position_id: optional(text),
  signal_id: optional(text),
  tp: optional(double),
  sl: optional(double),
  cooldown: optional(whole),
  metadata: optional(json),
  notional: money,
};

const pendingOrders = new SqlTable<OrderRow>("pending_orders", order);

const closedOrders = new SqlTable<OrderRow>("closed_orders", order);

const closedAt = new SqlTable<{ order_id: string; closed_at: number }>("closed_at", {
  order_id: text,
  closed_at: time,
});

/** `fill` is the order's id and the fill's. */
const recordedFills = new SqlTable<{ fill: string; recorded_at: number }>("recorded_fills", {
  fill: text,
  recorded_at: time,
});

const lease = new SqlTable<LeaseRow>("lease", { token: whole, holder: text, until: time });

const recovery = new SqlTable<RecoveryRow>("recovery", {
  id: whole,
  token: whole,
  holder: text,
  until: time,
  begun_at: time,
});

const recoveryJournal = new SqlTable<{ entry: string; value: string }>("recovery_journal", {
  entry: text,
  value: text,
});

const riskState = new SqlTable<RiskRow>("risk_state", {
  day: text,
  daily_pnl: money,
  daily_trades: whole,
  consecutive_losses: whole,
  equity: optional(double),
  peak_equity: double,
  current_drawdown: double,
});

const circuitBreaker = new SqlTable<BreakerRow>("circuit_breaker", {
  reason: text,
  source: oneOf(["daily_loss", "consecutive_losses", "drawdown", "manual"]),
  tripped_at: time,
  until: optional(time),
});

const riskHistory = new SqlTable<DailyRow>("risk_history", { day: text, pnl: money, trades: whole });

const signalState = new SqlTable<LastSignalRow>("signal_state", { id: text, pair: text, ts: time });

const riskLimits = new SqlTable<{ name: string; value: number }>("risk_limits", { name: text, value: double });

const bookedTrades = new SqlTable<{ trade_id: string; booked_at: number }>("booked_trades", {
  trade_id: text,
  booked_at: time,
});

const processedSignals = new SqlTable<{ signal_id: string; processed_at: number }>("processed_signals", {
  signal_id: text,
  processed_at: time,
});

/** `cooldown` is a pair, a pair and a side (`BTC/USDT|long`), or `*`. */
const cooldowns = new SqlTable<{ cooldown: string; until: number }>("cooldowns", { cooldown: text, until: time });

const heartbeat = new SqlTable<{ last_heartbeat: number }>("heartbeat", { last_heartbeat: time });

const instances = new SqlTable<{ instance: string; last_heartbeat: number }>("instances", {
  instance: text,
  last_heartbeat: time,
});

const instanceVersions = new SqlTable<ClientRow & { readonly instance: string }>("instance_versions", {
  instance: text,
  version: text,
  schema: whole,
});

/** A mirror for every table of `state`; the compiler misses one that is forgotten. */
export function mirrorsOf(state: FlowState, flowId: string, maxEvents: number): Mirrors {
  return {
    meta: new RowMirror(state.meta, {
      sql: flowMeta,
      keyOf: () => "",
      toFields: (row) => ({ ...row, flow_id: flowId }),
      toRow: ({ flow_id: _, ...row }) => row,
    }),
    positions: rows(state.positions, positions, "id"),
    orders: rows(state.orders, pendingOrders, "id"),
    closedOrders: rows(state.closedOrders, closedOrders, "id"),
    closedAt: new RowMirror(state.closedAt, {
      sql: closedAt,
      key: "order_id",
      order: ["closed_at", "order_id"],
      keyOf: ({ order_id }) => order_id,
      toFields: (closed_at, order_id) => ({ order_id, closed_at }),
      toRow: ({ closed_at }) => closed_at,
    }),
    fills: new RowMirror(state.fills, {
      sql: recordedFills,
      key: "fill",
      order: ["recorded_at", "fill"],
      keyOf: ({ fill }) => fill,
      toFields: (recorded_at, fill) => ({ fill, recorded_at }),
      toRow: ({ recorded_at }) => recorded_at,
    }),
    risk: oneRow(state.risk, riskState),
    breaker: oneRow(state.breaker, circuitBreaker),
    limits: new RowMirror(state.limits, {
      sql: riskLimits,
      key: "name",
      keyOf: ({ name }) => name,
      toFields: (value, name) => ({ name, value }),
      toRow: ({ value }) => value,
    }),
    history: rows(state.history, riskHistory, "day"),
    trades: new RowMirror(state.trades, {
      sql: bookedTrades,
      key: "trade_id",
      order: ["booked_at", "trade_id"],
      keyOf: ({ trade_id }) => trade_id,
      toFields: (booked_at, trade_id) => ({ trade_id, booked_at }),
      toRow: ({ booked_at }) => booked_at,
    }),
    processed: new RowMirror(state.processed, {
      sql: processedSignals,
      key: "signal_id",
      order: ["processed_at", "signal_id"],
      keyOf: ({ signal_id }) => signal_id,
      toFields: (processed_at, signal_id) => ({ signal_id, processed_at }),
      toRow: ({ processed_at }) => processed_at,
    }),
    lastSignal: oneRow(state.lastSignal, signalState),
    cooldowns: new RowMirror(state.cooldowns, {
      sql: cooldowns,
      key: "cooldown",
      keyOf: ({ cooldown }) => cooldown,
      toFields: (until, cooldown) => ({ cooldown, until }),
      toRow: ({ until }) => until,
    }),
    heartbeat: new RowMirror(state.heartbeat, {
      sql: heartbeat,
      keyOf: () => "",
      toFields: (last_heartbeat) => ({ last_heartbeat }),
      toRow: ({ last_heartbeat }) => last_heartbeat,
    }),
    instances: new RowMirror(state.instances, {
      sql: instances,
      key: "instance",
      order: ["last_heartbeat", "instance"],
      keyOf: ({ instance }) => instance,
      toFields: (last_heartbeat, instance) => ({ instance, last_heartbeat }),
      toRow: ({ last_heartbeat }) => last_heartbeat,
    }),
    versions: new RowMirror(state.versions, {
      sql: instanceVersions,
      key: "instance",
      keyOf: ({ instance }) => instance,
      toFields: (row, instance) => ({ instance, ...row }),
      toRow: ({ version, schema }) => ({ version, schema }),
    }),
    lease: oneRow(state.lease, lease),
    recovery: oneRow(state.recovery, recovery),
    recoveryJournal: new RowMirror(state.recoveryJournal, {
      sql: recoveryJournal,
      key: "entry",
      keyOf: ({ entry }) => entry,
      toFields: (value, entry) => ({ entry, value }),
      toRow: ({ value }) => value,
    }),
    events: new EventMirror(state.events, maxEvents),
  };
}

export type Mirrors = {
  readonly [Name in keyof FlowState as FlowState[Name] extends ChangedTable ? Name : never]: Mirror;
};

/** A table whose rows are stored as they are, the key among their fields. */
function rows<Key extends string, Row extends { readonly [Name in Key]: string }>(
  table: Table<Row>,
  sql: SqlTable<Row>,
  key: Key & Extract<keyof Row, string>,
): Mirror {
  return new RowMirror(table, { sql, key, keyOf: (row) => row[key], toFields: (row) => row, toRow: (row) => row });
}

/** A table of one row, stored as it is. */
function oneRow<Row extends object>(table: Table<Row>, sql: SqlTable<Row>): Mirror {
  return new RowMirror(table, { sql, keyOf: () => "", toFields: (row) => row, toRow: (row) => row });
}
