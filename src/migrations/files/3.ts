/** The tables of a DuckDB file of schema 3. They are frozen here: they do not follow the present tables. */
import { double, json, money, oneOf, optional, text, time, whole } from "../../backends/duckdb/columns.js";
import type { Entry, StoredKey } from "../../layout/flow-layout.js";
import { FILE_2 } from "./2.js";
import { type FileTable, fileTable, hashEntries, recordText } from "./file-table.js";

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
  result: optional(text),
  fees: text,
  cash: text,
  entered: optional(double),
  exited: optional(double),
  proceeds: optional(text),
  signal_id: optional(text),
  entry_instance: optional(text),
  entry_asked: optional(double),
  told: optional(whole),
  last_fill_ts: optional(time),
  opened_by: oneOf(["saved", "fills"]),
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
  fills_since: optional(time),
  version: whole,
  reason: optional(text),
  rate: optional(double),
  flip: optional(text),
  closes: optional(double),
  slot: optional(whole),
  reduces: optional(text),
};

const trade = {
  key: text,
  id: text,
  pair: text,
  side: oneOf(["long", "short"]),
  size: double,
  entry_price: double,
  exit_price: optional(double),
  entry_ts: time,
  exit_ts: time,
  pnl: money,
  fees: money,
  cash: money,
  currency: text,
  signal_id: optional(text),
  reason: text,
  entry_instance: optional(text),
  untold: optional(double),
  dust: optional(double),
  entry_asked: optional(double),
  exit_asked: optional(double),
  ending: oneOf(["fills", "dust", "closed", "removed"]),
  unexplained: optional(double),
  told: optional(whole),
  forgotten: optional(whole),
  metadata: json,
};

const dayParts = { closed: money, later: money, cash: money, untied: money };

const risk = {
  day: text,
  daily_pnl: money,
  daily_trades: whole,
  consecutive_losses: whole,
  equity: optional(double),
  peak_equity: double,
  current_drawdown: double,
  ...dayParts,
};

const byId = ({ id }: { readonly id: string }) => id;

function orders(key: StoredKey, name: string): FileTable {
  return fileTable(key, name, order, byId, (row): Entry[] => [[row.id, recordText(row)]]);
}

const CHANGED: readonly FileTable[] = [
  fileTable("positions:open", "positions", position, byId, (row) => [[row.id, recordText(row)]]),
  orders("orders:pending", "pending_orders"),
  orders("orders:closed", "closed_orders"),
  fileTable(
    "orders:fills_told",
    "fills_told",
    { fill: text, told: text },
    (row) => row.fill,
    (row) => [[row.fill, row.told]],
  ),
  fileTable(
    "positions:dust",
    "dust",
    { pair_side: text, size: double, cost: text },
    (row) => row.pair_side,
    ({ pair_side, ...row }) => [[pair_side, recordText(row)]],
  ),
  fileTable(
    "trades:closed",
    "trade_records",
    trade,
    (row) => row.key,
    (row) => [[row.key, "json", recordText(row)]],
  ),
  fileTable(
    "trades:ended",
    "ended_positions",
    { position_id: text, ended_at: time },
    (row) => row.position_id,
    (row) => [[row.position_id, String(row.ended_at)]],
  ),
  fileTable(
    "trades:amendments",
    "trade_amendments",
    { key: text, pnl: money, fees: money, cash: money, explained: double },
    (row) => row.key,
    ({ key, ...row }) => [[key, recordText(row)]],
  ),
  fileTable(
    "risk:daily",
    "risk_state",
    risk,
    () => "",
    (row) => hashEntries(row),
  ),
  fileTable(
    "risk:history",
    "risk_history",
    { day: text, pnl: money, trades: whole, ...dayParts },
    (row) => row.day,
    ({ day, ...row }) => [[day, recordText(row)]],
  ),
];

const changed = new Set(CHANGED.map(({ name }) => name));

export const FILE_3: readonly FileTable[] = [...FILE_2.filter(({ name }) => !changed.has(name)), ...CHANGED];
