/** The tables of a DuckDB file of schema 1. They are frozen here: they do not follow the present tables. */
import { double, json, money, oneOf, optional, text, time, whole } from "../../backends/duckdb/columns.js";
import type { Entry, StoredKey } from "../../layout/flow-layout.js";
import { type FileTable, fileTable, hashEntries, recordText } from "./file-table.js";

const ONE = () => "";

export const META = { flow_id: text, schema: whole, epoch: text, created_at: time, recovering: optional(text) };

const position = {
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
};

const order = {
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

const risk = {
  day: text,
  daily_pnl: money,
  daily_trades: whole,
  consecutive_losses: whole,
  equity: optional(double),
  peak_equity: double,
  current_drawdown: double,
};

const breaker = {
  reason: text,
  source: oneOf(["daily_loss", "consecutive_losses", "drawdown", "manual"]),
  tripped_at: time,
  until: optional(time),
};

const recovery = { id: whole, token: whole, holder: text, until: time, begun_at: time };

const byId = ({ id }: { readonly id: string }) => id;

function orders(key: StoredKey, name: string): FileTable {
  return fileTable(key, name, order, byId, (row): Entry[] => [[row.id, recordText(row)]]);
}

/** Times by id, as sorted sets and hashes of times have them. */
const TIMES: readonly FileTable[] = [
  fileTable(
    "orders:closed_at",
    "closed_at",
    { order_id: text, closed_at: time },
    (row) => row.order_id,
    (row) => [[row.order_id, String(row.closed_at)]],
  ),
  fileTable(
    "orders:fills",
    "recorded_fills",
    { fill: text, recorded_at: time },
    (row) => row.fill,
    (row) => [[row.fill, String(row.recorded_at)]],
  ),
  fileTable(
    "risk:trades",
    "booked_trades",
    { trade_id: text, booked_at: time },
    (row) => row.trade_id,
    (row) => [[row.trade_id, String(row.booked_at)]],
  ),
  fileTable(
    "signals:processed",
    "processed_signals",
    { signal_id: text, processed_at: time },
    (row) => row.signal_id,
    (row) => [[row.signal_id, String(row.processed_at)]],
  ),
  fileTable(
    "signals:cooldowns",
    "cooldowns",
    { cooldown: text, until: time },
    (row) => row.cooldown,
    (row) => [[row.cooldown, String(row.until)]],
  ),
  fileTable(
    "execution:instances",
    "instances",
    { instance: text, last_heartbeat: time },
    (row) => row.instance,
    (row) => [[row.instance, String(row.last_heartbeat)]],
  ),
];

/** All but `flow_meta`, the events and the journal. */
export const RECORDS: readonly FileTable[] = [
  fileTable("positions:open", "positions", position, byId, (row) => [[row.id, recordText(row)]]),
  orders("orders:pending", "pending_orders"),
  orders("orders:closed", "closed_orders"),
  fileTable("risk:daily", "risk_state", risk, ONE, (row) => hashEntries(row)),
  fileTable("risk:circuit_breaker", "circuit_breaker", breaker, ONE, (row) => hashEntries(row, "")),
  fileTable(
    "risk:limits",
    "risk_limits",
    { name: text, value: double },
    (row) => row.name,
    (row) => [[row.name, String(row.value)]],
  ),
  fileTable(
    "risk:history",
    "risk_history",
    { day: text, pnl: money, trades: whole },
    (row) => row.day,
    ({ day, ...row }) => [[day, recordText(row)]],
  ),
  fileTable("signals:last", "signal_state", { id: text, pair: text, ts: time }, ONE, (row) => hashEntries(row)),
  fileTable("execution:heartbeat", "heartbeat", { last_heartbeat: time }, ONE, (row) => [[String(row.last_heartbeat)]]),
  fileTable("execution:lease", "lease", { token: whole, holder: text, until: time }, ONE, (row) => hashEntries(row)),
  fileTable("recovery:current", "recovery", recovery, ONE, (row) => hashEntries(row)),
  fileTable(
    "recovery:journal",
    "recovery_journal",
    { entry: text, value: text },
    (row) => row.entry,
    (row) => [[row.entry, row.value]],
  ),
  ...TIMES,
];

export const FILE_1: readonly FileTable[] = [
  fileTable("flow:meta", "flow_meta", META, ONE, ({ flow_id: _, ...row }) => hashEntries(row)),
  ...RECORDS,
];
