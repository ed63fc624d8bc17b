/** What stands under each key of a flow, and which table of the state it is. A new table or key is one entry here. */

import { RISK_LIMITS } from "../config/risk-limits.js";
import { formatMoney } from "../exact/money.js";
import { breaker } from "../records/breaker.js";
import type { Fields, Row } from "../records/field.js";
import { hashOf } from "../records/hash.js";
import { lease } from "../records/lease.js";
import { meta } from "../records/meta.js";
import { recovery } from "../records/recovery.js";
import { risk } from "../records/risk.js";
import { lastSignal } from "../records/signal.js";
import { hashReader, numberOf } from "../records/stored.js";
import type { EventLog } from "../state/event-log.js";
import type { FlowState } from "../state/flow-state.js";
import { compareBytes, type Ranking } from "../state/ranking.js";
import type { Cell, ChangedTable, Table } from "../state/table.js";
import { errorText } from "../words/error-text.js";
import type { Entry, StoredKey } from "./flow-layout.js";
import type { KeyType } from "./keys.js";
import { limitText } from "./limit-text.js";
import * as record from "./stored-records.js";

export interface KeyLayout {
  readonly key: StoredKey;
  readonly type: KeyType;
  /** What Redis would hold of this state, in the order in which Redis would tell it (of a hash: by field). */
  render(state: FlowState): Entry[];
  /** Puts entries into a state that has none of them. Throws a TypeError at an entry that cannot be read. */
  parse(state: FlowState, entries: readonly Entry[]): void;
}

export type TableName = {
  [Name in keyof FlowState]: FlowState[Name] extends ChangedTable ? Name : never;
}[keyof FlowState];

/** By table of the state; the compiler misses one that is forgotten. */
export const TABLE_LAYOUTS: { readonly [Name in TableName]: KeyLayout } = {
  meta: fieldsOf("flow:meta", (state) => state.meta, meta),
  positions: rowsOf("positions:open", (state) => state.positions, record.positionText, record.positionRow),
  orders: rowsOf("orders:pending", (state) => state.orders, record.orderText, record.orderRow),
  closedOrders: rowsOf("orders:closed", (state) => state.closedOrders, record.orderText, record.orderRow),
  closedAt: ranked("orders:closed_at", (state) => state.closedAt),
  fills: ranked("orders:fills", (state) => state.fills),
  risk: fieldsOf("risk:daily", (state) => state.risk, risk),
  breaker: fieldsOf("risk:circuit_breaker", (state) => state.breaker, breaker),
  limits: rowsOf(
    "risk:limits",
    (state) => state.limits,
    (limit, name) => limitText(limitName(name), limit),
    (name, text) => {
      limitName(name);
      return numberOf(text);
    },
  ),
  history: rowsOf("risk:history", (state) => state.history, record.dayText, record.dayRow),
  trades: ranked("risk:trades", (state) => state.trades),
  processed: ranked("signals:processed", (state) => state.processed),
  lastSignal: fieldsOf("signals:last", (state) => state.lastSignal, lastSignal),
  cooldowns: rowsOf(
    "signals:cooldowns",
    (state) => state.cooldowns,
    String,
    (_, text) => numberOf(text),
  ),
  heartbeat: text("execution:heartbeat", (state) => state.heartbeat),
  instances: ranked("execution:instances", (state) => state.instances),
  versions: rowsOf(
    "execution:versions",
    (state) => state.versions,
    record.clientText,
    (_, text) => record.clientRow(text),
  ),
  lease: fieldsOf("execution:lease", (state) => state.lease, lease),
  recovery: fieldsOf("recovery:current", (state) => state.recovery, recovery),
  recoveryJournal: rowsOf(
    "recovery:journal",
    (state) => state.recoveryJournal,
    (note) => note,
    (_, note) => note,
  ),
  events: eventsOf("events:log", (state) => state.events),
};

/** What follows from other keys: rendered from them, and never read. */
export const DERIVED: Readonly<Partial<Record<StoredKey, KeyLayout>>> = {
  "risk:exposure": {
    key: "risk:exposure",
    type: "hash",
    render: ({ exposure }) => {
      const sums: Entry[] = [];
      if (exposure.notional !== 0n) sums.push(["notional", formatMoney(exposure.notional)]);
      for (const [pair, slots] of exposure.slotsByPair) sums.push([`pair:${pair}`, String(slots)]);
      if (exposure.slots !== 0) sums.push(["slots", String(exposure.slots)]);
      return sums.sort(byFirst);
    },
    parse() {},
  },
};

/** Every key of a flow, in the order in which they are told and written. */
export const KEY_LAYOUTS: readonly KeyLayout[] = [...Object.values(TABLE_LAYOUTS), ...Object.values(DERIVED)];

function byFirst(a: Entry, b: Entry): number {
  return compareBytes(a[0] ?? "", b[0] ?? "");
}

/** A hash of rows by key, each a text. */
function rowsOf<Row>(
  key: StoredKey,
  table: (state: FlowState) => Table<Row>,
  toText: (row: Row, id: string) => string,
  toRow: (id: string, text: string) => Row,
): KeyLayout {
  return {
    key,
    type: "hash",
    render: (state) => Array.from(table(state).entries(), ([id, row]) => [id, toText(row, id)]).sort(byFirst),
    parse(state, entries) {
      for (const [id = "", value = ""] of entries) {
        naming(id, () => table(state).set(id, toRow(id, value)));
      }
    },
  };
}

/** A hash of the named fields of one row. */
function fieldsOf<F extends Fields>(key: StoredKey, cell: (state: FlowState) => Cell<Row<F>>, fields: F): KeyLayout {
  const read = hashReader(fields);
  return {
    key,
    type: "hash",
    render(state) {
      const row = cell(state).value;
      return row === undefined ? [] : Object.entries(hashOf(fields, row)).sort(byFirst);
    },
    parse(state, entries) {
      if (entries.length === 0) return;
      cell(state).value = read(Object.fromEntries(entries.map(([name = "", value = ""]) => [name, value])));
    },
  };
}

function ranked(key: StoredKey, ranking: (state: FlowState) => Ranking): KeyLayout {
  return {
    key,
    type: "zset",
    render(state) {
      const ids = ranking(state);
      return ids.newest(ids.size).map(({ id, score }) => [id, String(score)]);
    },
    parse(state, entries) {
      for (const [id = "", score = ""] of entries) {
        naming(id, () => ranking(state).set(id, numberOf(score)));
      }
    },
  };
}

function text(key: StoredKey, cell: (state: FlowState) => Cell<number>): KeyLayout {
  return {
    key,
    type: "string",
    render(state) {
      const { value } = cell(state);
      return value === undefined ? [] : [[String(value)]];
    },
    parse(state, [entry]) {
      if (entry !== undefined) cell(state).value = numberOf(entry[0] ?? "");
    },
  };
}

function eventsOf(key: StoredKey, log: (state: FlowState) => EventLog): KeyLayout {
  return {
    key,
    type: "stream",
    render: (state) => log(state).values().map(record.eventEntry),
    parse(state, entries) {
      for (const entry of entries) naming(entry[0] ?? "", () => log(state).put(record.eventRow(entry)));
    },
  };
}

function limitName(name: string) {
  const known = RISK_LIMITS.find((each) => each === name);
  if (known === undefined) throw new TypeError("this version knows no such limit");
  return known;
}

/** Has what a step throws begin with the entry it is about. */
function naming(entry: string, step: () => void): void {
  try {
    step();
  } catch (error) {
    throw new TypeError(`${JSON.stringify(entry)}: ${errorText(error)}`, {
      cause: error,
    });
  }
}
