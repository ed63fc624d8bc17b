/** The SQL tables: one for every table of a flow's state, in typed columns, for people to ask. */
import { breaker } from "../../records/breaker.js";
import { day } from "../../records/day.js";
import {
  bookedTrade,
  closedOrder,
  cooldown,
  heartbeat,
  instance,
  instanceVersion,
  limit,
  processedSignal,
  recordedFill,
} from "../../records/keyed.js";
import { lease } from "../../records/lease.js";
import { type MetaRow, meta } from "../../records/meta.js";
import { order } from "../../records/order.js";
import { position } from "../../records/position.js";
import { recovery, recoveryNote } from "../../records/recovery.js";
import { risk } from "../../records/risk.js";
import { lastSignal } from "../../records/signal.js";
import type { FlowState } from "../../state/flow-state.js";
import type { ChangedTable, Table } from "../../state/table.js";
import { text } from "./columns.js";
import { EventMirror } from "./event-mirror.js";
import type { Mirror } from "./mirror.js";
import { columnsOf } from "./record-columns.js";
import { RowMirror } from "./row-mirror.js";
import { SqlTable } from "./sql-table.js";

const flowMeta = new SqlTable<MetaRow & { readonly flow_id: string }>("flow_meta", {
  flow_id: text,
  ...columnsOf(meta),
});
const positions = new SqlTable("positions", columnsOf(position));
const pendingOrders = new SqlTable("pending_orders", columnsOf(order));
const closedOrders = new SqlTable("closed_orders", columnsOf(order));
const closedAt = new SqlTable("closed_at", columnsOf(closedOrder));
const recordedFills = new SqlTable("recorded_fills", columnsOf(recordedFill));
const leases = new SqlTable("lease", columnsOf(lease));
const recoveries = new SqlTable("recovery", columnsOf(recovery));
const recoveryJournal = new SqlTable("recovery_journal", columnsOf(recoveryNote));
const riskState = new SqlTable("risk_state", columnsOf(risk));
const circuitBreaker = new SqlTable("circuit_breaker", columnsOf(breaker));
const riskHistory = new SqlTable("risk_history", columnsOf(day));
const signalState = new SqlTable("signal_state", columnsOf(lastSignal));
const riskLimits = new SqlTable("risk_limits", columnsOf(limit));
const bookedTrades = new SqlTable("booked_trades", columnsOf(bookedTrade));
const processedSignals = new SqlTable("processed_signals", columnsOf(processedSignal));
const cooldowns = new SqlTable("cooldowns", columnsOf(cooldown));
const heartbeats = new SqlTable("heartbeat", columnsOf(heartbeat));
const instances = new SqlTable("instances", columnsOf(instance));
const instanceVersions = new SqlTable("instance_versions", columnsOf(instanceVersion));

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
      sql: heartbeats,
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
    lease: oneRow(state.lease, leases),
    recovery: oneRow(state.recovery, recoveries),
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
