/**
 * Every table of a flow's state, declared once, in the order in which they are exported and written: its Redis key, its content, and its columns. Keys,
 * heads of scripts, exports and SQL tables follow from here. A SQL table has the name of the table in `FlowState`.
 */
import { admission } from "../records/admission.js";
import { amendment } from "../records/amendment.js";
import { breaker } from "../records/breaker.js";
import { client } from "../records/client.js";
import { day } from "../records/day.js";
import { dust } from "../records/dust.js";
import { double, text, time } from "../records/field.js";
import { lease } from "../records/lease.js";
import { limitOriginColumns } from "../records/limit-origin.js";
import { meta } from "../records/meta.js";
import { order } from "../records/order.js";
import { position } from "../records/position.js";
import { recovery } from "../records/recovery.js";
import { refusalColumns } from "../records/refusal.js";
import { risk } from "../records/risk.js";
import { lastSignal } from "../records/signal.js";
import { numberOf } from "../records/stored.js";
import { trade } from "../records/trade.js";
import type { FlowState } from "../state/flow-state.js";
import { REFUSALS_KEPT } from "../state/outcomes.js";
import type { ChangedTable } from "../state/table.js";
import { limitName, limitText } from "./limit-text.js";
import * as stored from "./stored-records.js";
import {
  eventLog,
  jsonLog,
  keyAndValue,
  oneNumber,
  oneRow,
  ranking,
  rows,
  type TableForm,
  wholeRecord,
} from "./table-forms.js";

export type TableName = {
  [Name in keyof FlowState]: FlowState[Name] extends ChangedTable ? Name : never;
}[keyof FlowState];

/** By name of the table in `FlowState`. A forgotten table is an error of the compiler here; a wrong form is one at `FORMS`. */
export const TABLES = {
  meta: oneRow({
    key: "flow:meta",
    words:
      "epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move",
    record: meta,
  }),
  positions: rows({
    key: "positions:open",
    words: "id -> JSON",
    toText: stored.positionText,
    toRow: stored.positionRow,
    columns: wholeRecord(position, "id"),
  }),
  orders: rows({
    key: "orders:pending",
    words: "id -> JSON",
    toText: stored.orderText,
    toRow: stored.orderRow,
    columns: wholeRecord(order, "id"),
  }),
  closedOrders: rows({
    key: "orders:closed",
    words: "id -> JSON; seven days, the newest 10,000",
    toText: stored.orderText,
    toRow: stored.orderRow,
    columns: wholeRecord(order, "id"),
  }),
  closedAt: ranking({
    key: "orders:closed_at",
    words: "id -> ms it was closed",
    record: { order_id: text, closed_at: time },
    id: "order_id",
    score: "closed_at",
  }),
  fills: ranking({
    key: "orders:fills",
    words: "order id|fill id -> ms it was booked",
    record: { fill: text, recorded_at: time },
    id: "fill",
    score: "recorded_at",
  }),
  fillsTold: rows({
    key: "orders:fills_told",
    words: "order id|fill id -> its price and size",
    toText: (told: string) => told,
    toRow: (_, told) => told,
    columns: keyAndValue({ fill: text, told: text }, "fill", "told"),
  }),
  dust: rows({
    key: "positions:dust",
    words: "pair|side -> JSON: what ended trades left and cannot be sold",
    toText: stored.dustText,
    toRow: stored.dustRow,
    columns: wholeRecord(dust, "pair_side"),
  }),
  closedTrades: jsonLog({
    key: "trades:closed",
    words: "ms-seq -> trade: JSON",
    toText: stored.tradeText,
    toRow: stored.tradeRow,
    columns: wholeRecord(trade, "key"),
  }),
  ended: ranking({
    key: "trades:ended",
    words: "position id -> ms of its trade's key; the newest 100,000",
    record: { position_id: text, ended_at: time },
    id: "position_id",
    score: "ended_at",
  }),
  amendments: rows({
    key: "trades:amendments",
    words:
      'key of a trade -> JSON: sums of bookings after its end; the same key, with "1" before seq padded to 15 digits: a person has seen the untold trade',
    toText: stored.amendmentText,
    toRow: stored.amendmentRow,
    columns: wholeRecord(amendment, "key"),
  }),
  risk: oneRow({
    key: "risk:daily",
    words: "day, daily_pnl, daily_trades, streak, equity, peak, drawdown",
    record: risk,
  }),
  breaker: oneRow({
    key: "risk:circuit_breaker",
    words: "reason, source, tripped_at, until",
    record: breaker,
  }),
  limits: rows({
    key: "risk:limits",
    words: "limit -> number",
    toText: (limit: number, name) => limitText(limitName(name), limit),
    toRow(name, number) {
      limitName(name);
      return numberOf(number);
    },
    columns: keyAndValue({ name: text, value: double }, "name", "value"),
  }),
  guardTrades: rows({
    key: "risk:guard_trades",
    words:
      "pair -> JSON: its newest 200 trades (key, exit ms, side, pnl, entry notional, reason of a stop); only while there are guards",
    toText: stored.guardTradesText,
    toRow: (_, json) => stored.guardTradesRow(json),
    columns: {
      record: { pair: text, trades: text },
      key: "pair",
      toFields: (trades, pair) => ({ pair, trades: stored.guardTradesText(trades) }),
      toRow: ({ trades }) => stored.guardTradesRow(trades),
      keyOf: ({ pair }) => pair,
    },
  }),
  limitsBy: rows({
    key: "risk:limits_by",
    words:
      "limit -> JSON: by = config or call, who, at ms; held, held_who, held_at ms = the value of a call while a tighter configuration is in force",
    toText: stored.limitOriginText,
    toRow: stored.limitOriginRow,
    columns: {
      record: limitOriginColumns,
      key: "name",
      toFields: ({ limit, by, at, ...rest }) => ({ name: limit, set_by: by, set_at: at, ...rest }),
      toRow: ({ name, set_by, set_at, ...rest }) => ({ limit: name, by: set_by, at: set_at, ...rest }),
      keyOf: ({ name }) => name,
    },
  }),
  history: rows({
    key: "risk:history",
    words: "day -> JSON",
    toText: stored.dayText,
    toRow: stored.dayRow,
    columns: wholeRecord(day, "day"),
  }),
  trades: ranking({
    key: "risk:trades",
    words: "booked trade id -> ms",
    record: { trade_id: text, booked_at: time },
    id: "trade_id",
    score: "booked_at",
  }),
  cash: ranking({
    key: "risk:cash",
    words: "booked cash id -> ms",
    record: { cash_id: text, booked_at: time },
    id: "cash_id",
    score: "booked_at",
  }),
  transfers: ranking({
    key: "risk:transfers",
    words: "recorded transfer id -> ms",
    record: { transfer_id: text, recorded_at: time },
    id: "transfer_id",
    score: "recorded_at",
  }),
  processed: ranking({
    key: "signals:processed",
    words: "id -> ms it was marked",
    record: { signal_id: text, processed_at: time },
    id: "signal_id",
    score: "processed_at",
  }),
  lastSignal: oneRow({
    key: "signals:last",
    words: "id, pair, ts",
    record: lastSignal,
  }),
  cooldowns: rows({
    key: "signals:cooldowns",
    words: "pair or pair|side -> expiry ms",
    toText: (until: number) => String(until),
    toRow: (_, until) => numberOf(until),
    // `cooldown` is a pair, a pair and a side (`BTC/USDT|long`), or `*`.
    columns: keyAndValue({ cooldown: text, until: time }, "cooldown", "until"),
  }),
  admissions: rows({
    key: "admission:stats",
    words: "day|admitted or day|reason of a refusal -> count; 30 days",
    toText: (count: number) => String(count),
    toRow: stored.admissionCount,
    columns: {
      record: admission,
      key: "day_outcome",
      toFields: (count, field) => stored.admissionRow(field, count),
      toRow: ({ count }) => count,
      keyOf: ({ day_outcome }) => day_outcome,
    },
  }),
  refusals: jsonLog({
    key: "admission:refusals",
    words: "ms-seq -> refused entry: JSON; the newest 10,000",
    toText: stored.refusalText,
    toRow: stored.refusalRow,
    columns: {
      record: refusalColumns,
      key: "key",
      toFields: ({ at, ...row }) => ({ ...row, refused_at: at }),
      toRow: ({ refused_at, ...row }) => ({ ...row, at: refused_at }),
      keyOf: ({ key }) => key,
    },
    kept: REFUSALS_KEPT,
  }),
  heartbeat: oneNumber({
    key: "execution:heartbeat",
    words: "ms",
    record: { last_heartbeat: time },
    value: "last_heartbeat",
  }),
  instances: ranking({
    key: "execution:instances",
    words: "instance -> ms of its last heartbeat",
    record: { instance: text, last_heartbeat: time },
    id: "instance",
    score: "last_heartbeat",
  }),
  versions: rows({
    key: "execution:versions",
    words: "instance -> JSON: version and schema of its package",
    toText: stored.clientText,
    toRow: (_, json) => stored.clientRow(json),
    columns: {
      record: { instance: text, ...client },
      key: "instance",
      toFields: (row, instance) => ({ instance, ...row }),
      toRow: ({ version, schema }) => ({ version, schema }),
      keyOf: ({ instance }) => instance,
    },
  }),
  lease: oneRow({
    key: "execution:lease",
    words: "who may change the flow: token, holder, until ms",
    record: lease,
  }),
  recovery: oneRow({
    key: "recovery:current",
    words: "id, token, holder, until ms, begun_at ms",
    record: recovery,
  }),
  recoveryJournal: rows({
    key: "recovery:journal",
    words: "what must be known if the recovery is resumed",
    toText: (note: string) => note,
    toRow: (_, note) => note,
    columns: keyAndValue({ entry: text, value: text }, "entry", "value"),
  }),
  events: eventLog({ key: "events:log", words: "every change" }),
} satisfies Readonly<Record<TableName, unknown>>;

/** The same tables for loops: each form fits the table of its name. */
export const FORMS: { readonly [Name in TableName]: TableForm<FlowState[Name], KeyOfTable> } = TABLES;

export type KeyOfTable = (typeof TABLES)[TableName]["key"];

export const TABLE_NAMES: readonly TableName[] = Object.keys(TABLES).filter((name) => isTableName(name));

function isTableName(name: string): name is TableName {
  return Object.hasOwn(TABLES, name);
}
