/** The tables of a flow, one column a line. */
import type { Money } from "../exact/money.js";
import { moneyOf } from "../report/booking.js";
import { told } from "../report/groups.js";
import type { BookedDay } from "../report/today.js";
import type { Position, RefusedEntry, StateEvent, Trade } from "../types.js";
import { type Column, double, money, text, time, truth, whole } from "./column.js";
import type { BreakerTrip, EquityRow } from "./event-rows.js";
import { notionalOf } from "./notional.js";
import type { SeenOrder } from "./seen-orders.js";

const exact = (amount: number | undefined): Money | undefined => (amount === undefined ? undefined : moneyOf(amount));
const json = (value: unknown): string | undefined => (value === undefined ? undefined : JSON.stringify(value));

/** `strategyKey`: the key of the metadata that the column `strategy` shows. */
export function tradeColumns(strategyKey: string): readonly Column<Trade>[] {
  return [
    text("key", "ms-seq of the step that ended it", (t) => t.key),
    text("id", "the position's id", (t) => t.id),
    text("pair", "pair", (t) => t.pair),
    text("side", "long or short", (t) => t.side),
    double("size", "all that was entered, in base currency", (t) => t.size),
    double("entry_price", "average price of the entries", (t) => t.entryPrice),
    double("exit_price", "average price of the exit fills", (t) => t.exitPrice),
    time("entry_ts", "first entry", (t) => t.entryTs),
    time("exit_ts", "end", (t) => t.exitTs),
    double("hold_s", "end - first entry, in seconds", (t) => (t.exitTs.getTime() - t.entryTs.getTime()) / 1000),
    money("pnl", "whole result in the flow's currency, net of fees and cash, later bookings included", (t) =>
      exact(t.pnl),
    ),
    money("fees", "above 0 when paid", (t) => exact(t.fees)),
    money("cash", "funding and the like, below 0 when paid", (t) => exact(t.cash)),
    text("currency", "currency of pnl, fees and cash", (t) => t.currency),
    double("notional", "size x entry price in quote currency; of an inverse contract its size", (t) =>
      notionalOf(t.pair, t.size, t.entryPrice),
    ),
    text("reason", "why it ended: tp, sl, manual, ...", (t) => t.reason),
    text("strategy", `the metadata's ${JSON.stringify(strategyKey)}`, (t) => told(t.metadata, strategyKey)),
    text("signal_id", "the signal that opened it", (t) => t.signalId),
    text("entry_instance", "the bot that booked its first fill, or saved it", (t) => t.entryInstance),
    double("entry_asked", "price that the entry order asked for", (t) => t.entryAsked),
    double("exit_asked", "price that the exit order asked for", (t) => t.exitAsked),
    double("untold", "size whose result is not known", (t) => t.untold),
    double("dust", "size that was left and cannot be sold", (t) => t.dust),
    truth(
      "rate_assumed",
      "an exit had no rate, and was booked at the position's last one",
      (t) => t.rateAssumed ?? false,
    ),
    text("unpriced", "JSON: amounts without a rate, which are in no sum", (t) => json(t.unpriced)),
    text("metadata", "JSON", (t) => json(t.metadata)),
  ];
}

export type Fill = Extract<StateEvent, { type: "fill_recorded" }>;

export const FILL_COLUMNS: readonly Column<Fill>[] = [
  text("event", "id of the event", (f) => f.id),
  time("booked_ts", "when it was booked", (f) => f.at),
  time("ts", "when it was executed", (f) => f.ts),
  text("instance", "who booked it", (f) => f.instance),
  text("order_id", "order", (f) => f.orderId),
  text("fill_id", "the exchange's id", (f) => f.fillId),
  text("pair", "pair", (f) => f.order.pair),
  text("side", "buy or sell", (f) => f.order.side),
  text("intent", "entry or exit", (f) => f.order.intent),
  double("price", "price", (f) => f.price),
  double("size", "what was executed, gross", (f) => f.size),
  double("fee", "in the settle currency; 0 if fees names currencies", (f) => f.fee),
  text("fees", "JSON: fees with their currencies", (f) => json(f.fees)),
  double("rate", "flow currency per unit of the settle currency", (f) => f.rate),
  money("pnl", "what it booked in the flow's currency", (f) => exact(f.pnl)),
  text("position_id", "the first position that it touched", (f) => f.positionId || undefined),
  double("over", "part of an exit that no position held", (f) => f.over),
];

export const ORDER_COLUMNS: readonly Column<SeenOrder>[] = [
  text("id", "order", ({ order }) => order.id),
  text("pair", "pair", ({ order }) => order.pair),
  text("side", "buy or sell", ({ order }) => order.side),
  text("intent", "entry or exit", ({ order }) => order.intent),
  text("order_type", "market, limit, ...", ({ order }) => order.orderType),
  double("price", "price; null for a market order", ({ order }) => order.price),
  double("size", "size in base currency", ({ order }) => order.size),
  double("filled", "filled so far", ({ order }) => order.filled),
  text("status", "the last known one", ({ order }) => order.status),
  truth("pending", "whether it is among the pending orders now", ({ isPending }) => isPending),
  time("created_at", "first stored", ({ order }) => order.createdAt),
  time("changed_at", "newest event of it; null: none is kept", ({ changedAt }) => changedAt),
  text("position_id", "position", ({ order }) => order.positionId),
  text("signal_id", "signal", ({ order }) => order.signalId),
  text("reason", "why it was placed", ({ order }) => order.reason),
  double("tp", "take profit of what it opens", ({ order }) => order.tp),
  double("sl", "stop loss of what it opens", ({ order }) => order.sl),
  double("rate", "flow currency per unit of the settle currency", ({ order }) => order.rate),
  text("flip", "position that it turns around", ({ order }) => order.flip),
  whole("version", "grows by one with every change", ({ order }) => order.version),
  text("metadata", "JSON", ({ order }) => json(order.metadata)),
];

export const EQUITY_COLUMNS: readonly Column<EquityRow>[] = [
  text("event", "id of the event", (r) => r.event.id),
  time("ts", "when it was booked", (r) => r.event.at),
  text("type", "type of the event", (r) => r.event.type),
  text("instance", "who booked it", (r) => r.event.instance),
  text("day", "trading day that it counts on", (r) => r.booking?.day ?? r.risk.day),
  money("booked", "what it booked in the flow's currency", (r) =>
    exact(r.booking?.kind === "pnl" ? r.booking.amount : 0),
  ),
  money("transfer", "deposit above 0, withdrawal below", (r) =>
    exact(r.booking?.kind === "transfer" ? r.booking.amount : 0),
  ),
  double("equity", "the flow's equity after it; null: not known", (r) => r.risk.equity),
  double("peak_equity", "highest equity", (r) => r.risk.peakEquity),
  double("drawdown", "fraction of the peak", (r) => r.risk.currentDrawdown),
  money("daily_pnl", "of the day that is open", (r) => exact(r.risk.dailyPnl)),
  whole("daily_trades", "of the day that is open", (r) => r.risk.dailyTrades),
  whole("losing_streak", "losses in a row", (r) => r.risk.consecutiveLosses),
];

export const TRIP_COLUMNS: readonly Column<BreakerTrip>[] = [
  text("event", "id of the event that tripped it, or made it last longer", (t) => t.event.id),
  time("ts", "when", (t) => t.event.at),
  text("type", "type of the event", (t) => t.event.type),
  text("instance", "whose call tripped it", (t) => t.event.instance),
  text("source", "daily_loss, consecutive_losses, drawdown or manual", (t) => t.breaker.source),
  text("reason", "in words", (t) => t.breaker.reason),
  time("tripped_at", "begin of the block", (t) => t.breaker.trippedAt),
  time("until", "end of the block; null: until it is reset", (t) => t.breaker.until),
];

export const REFUSAL_COLUMNS: readonly Column<RefusedEntry>[] = [
  text("key", "ms-seq", (r) => r.key),
  time("ts", "when", (r) => r.at),
  text("instance", "who asked", (r) => r.instance),
  text("signal_id", "signal", (r) => r.signalId),
  text("pair", "pair", (r) => r.pair),
  text("side", "long or short", (r) => r.side),
  text("reason", "the first reason that held", (r) => r.reason),
  text("message", "in words", (r) => r.message),
];

export const POSITION_COLUMNS: readonly Column<Position>[] = [
  text("id", "position", (p) => p.id),
  text("pair", "pair", (p) => p.pair),
  text("side", "long or short", (p) => p.side),
  double("size", "size in base currency", (p) => p.size),
  double("entry_price", "average price of the entries", (p) => p.entryPrice),
  time("entry_ts", "first entry", (p) => p.entryTs),
  double("notional", "size x entry price in quote currency; of an inverse contract its size", (p) =>
    notionalOf(p.pair, p.size, p.entryPrice),
  ),
  money("realised", "result so far", (p) => exact(p.realised)),
  money("fees", "above 0 when paid", (p) => exact(p.fees)),
  money("cash", "funding and the like, below 0 when paid", (p) => exact(p.cash)),
  double("tp", "take profit", (p) => p.tp),
  double("sl", "stop loss", (p) => p.sl),
  text("metadata", "JSON", (p) => json(p.metadata)),
];

export const DAY_COLUMNS: readonly Column<BookedDay>[] = [
  text("day", "trading day", (d) => d.day),
  money("pnl", "all that was booked on it", (d) => exact(d.pnl)),
  money("closed", "whole results of the trades that ended", (d) => exact(d.parts?.closed)),
  money("open", "change of the results of open positions", (d) => exact(d.parts?.open)),
  money("later", "bookings on trades that had ended before", (d) => exact(d.parts?.later)),
  money("cash", "cash of no trade", (d) => exact(d.parts?.cash)),
  money("untied", "results told without a position", (d) => exact(d.parts?.untied)),
];

export const EVENT_COLUMNS: readonly Column<StateEvent>[] = [
  text("id", "ms-seq", (e) => e.id),
  time("ts", "when", (e) => e.at),
  text("type", "type", (e) => e.type),
  text("instance", "who", (e) => e.instance),
  text("data", "JSON: all that it tells", ({ id, at, type, instance, ...data }) => json(data)),
];
