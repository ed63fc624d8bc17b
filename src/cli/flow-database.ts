/** A flow in a DuckDB in memory: the tables that a query needs, read in pages. */

import { breakerTripOf, equityRowOf } from "../ledger/event-rows.js";
import { EXPOSURE_COLUMNS, EXPOSURE_VIEW } from "../ledger/exposure-view.js";
import type { MemoryDatabase } from "../ledger/memory-database.js";
import { SeenOrders } from "../ledger/seen-orders.js";
import {
  DAY_COLUMNS,
  EQUITY_COLUMNS,
  EVENT_COLUMNS,
  FILL_COLUMNS,
  ORDER_COLUMNS,
  POSITION_COLUMNS,
  REFUSAL_COLUMNS,
  TRIP_COLUMNS,
  tradeColumns,
} from "../ledger/tables.js";
import type { StateManager } from "../manager/state-manager.js";
import { daysUntilNow } from "../report/today.js";
import { dayStartOf } from "../state/day.js";
import type { EventRisk } from "../types.js";
import type { ProgressBar } from "../words/progress-bar.js";
import { eventPages, refusalPages, tradePages } from "./flow-pages.js";

/** The tables for `sf-state sql`, and their sources. */
export const FLOW_TABLES = {
  trades: { words: "closed trades", columns: tradeColumns("strategy") },
  fills: { words: "fills that the log of events keeps", columns: FILL_COLUMNS },
  orders_all: {
    words: "orders that are pending, or of which the log of events tells, as last told",
    columns: ORDER_COLUMNS,
  },
  equity: { words: "what moved the risk or the equity, as the log of events tells it", columns: EQUITY_COLUMNS },
  breaker_trips: { words: "trips of the breaker in the log of events", columns: TRIP_COLUMNS },
  refusals: { words: "entries that were refused, the newest 10,000", columns: REFUSAL_COLUMNS },
  exposure: { words: "what was open over time, from trades and positions", columns: EXPOSURE_COLUMNS },
  positions: { words: "open positions", columns: POSITION_COLUMNS },
  days: { words: "trading days, today included", columns: DAY_COLUMNS },
  events: { words: "the log of events", columns: EVENT_COLUMNS },
} as const;

export type FlowTable = keyof typeof FLOW_TABLES;

const NAMES: readonly FlowTable[] = [
  "trades",
  "fills",
  "orders_all",
  "equity",
  "breaker_trips",
  "refusals",
  "exposure",
  "positions",
  "days",
  "events",
];
/** Queries that may use any table. */
const ABOUT_ALL =
  /\b(?:show|describe|summarize|information_schema|query|query_table|duckdb_\w+|pragma\w*|sqlite_\w+|pg_\w+)\b/i;

/** The tables that a query may use. Tables that it does not name need not be read. */
export function tablesIn(question: string): ReadonlySet<FlowTable> {
  const named = NAMES.filter((name) => new RegExp(`\\b${name}\\b`, "i").test(question));
  if (named.length === 0 || ABOUT_ALL.test(question)) return new Set(NAMES);
  return new Set(named.includes("exposure") ? [...named, "trades", "positions"] : named);
}

const OF_EVENTS: readonly FlowTable[] = ["fills", "orders_all", "equity", "breaker_trips", "days", "events"];

/** Reads the tables. Notes if the event log does not go back to the flow's beginning. */
export async function fillDatabase(
  manager: StateManager,
  database: MemoryDatabase,
  tables: ReadonlySet<FlowTable>,
  bar: ProgressBar,
): Promise<{ readonly trimmed: boolean }> {
  const { risk } = manager.config;
  const newest = OF_EVENTS.some((name) => tables.has(name))
    ? await fillFromEvents(manager, database, tables, dayStartOf(risk.day_start), bar)
    : { trimmed: false, risk: undefined };
  if (tables.has("days")) {
    const table = await database.table("days", DAY_COLUMNS);
    const history = await manager.getDailyHistory();
    for (const day of daysUntilNow(history, await manager.getRiskState(), newest.risk)) table.add(day);
    table.end();
  }
  if (tables.has("trades")) {
    const table = await database.table("trades", tradeColumns(manager.config.report.group_by));
    let read = 0;
    for await (const page of tradePages(manager, {})) {
      for (const trade of page) table.add(trade);
      read += page.length;
      bar.words(`reading trades: ${read}`);
    }
    table.end();
  }
  if (tables.has("positions")) {
    const table = await database.table("positions", POSITION_COLUMNS);
    for (const position of await manager.getPositions()) table.add(position);
    table.end();
  }
  if (tables.has("refusals")) {
    const table = await database.table("refusals", REFUSAL_COLUMNS);
    for await (const page of refusalPages(manager)) for (const refusal of page) table.add(refusal);
    table.end();
  }
  if (tables.has("exposure")) await database.connection.run(EXPOSURE_VIEW);
  return { trimmed: newest.trimmed };
}

async function fillFromEvents(
  manager: StateManager,
  database: MemoryDatabase,
  tables: ReadonlySet<FlowTable>,
  dayStart: number,
  bar: ProgressBar,
): Promise<{ readonly trimmed: boolean; readonly risk: EventRisk | undefined }> {
  const events = tables.has("events") ? await database.table("events", EVENT_COLUMNS) : undefined;
  const fills = tables.has("fills") ? await database.table("fills", FILL_COLUMNS) : undefined;
  const equity = tables.has("equity") ? await database.table("equity", EQUITY_COLUMNS) : undefined;
  const trips = tables.has("breaker_trips") ? await database.table("breaker_trips", TRIP_COLUMNS) : undefined;
  const orders = tables.has("orders_all") ? new SeenOrders() : undefined;
  let trimmed = false;
  let risk: EventRisk | undefined;
  for await (const page of eventPages(manager)) {
    trimmed ||= page.isTrimmed;
    for (const event of page.events) {
      events?.add(event);
      orders?.see(event);
      if (event.type === "fill_recorded") fills?.add(event);
      const row = equityRowOf(event, dayStart);
      if (row) {
        risk = row.risk;
        equity?.add(row);
      }
      const trip = trips && breakerTripOf(event);
      if (trip) trips.add(trip);
    }
    bar.at(page.part, 1, "reading the log of events");
  }
  for (const table of [events, fills, equity, trips]) table?.end();
  if (orders) {
    const table = await database.table("orders_all", ORDER_COLUMNS);
    for (const order of orders.with(await manager.getPendingOrders())) table.add(order);
    table.end();
  }
  return { trimmed, risk };
}
