/** The forms of a table of the state: how it is stored in Redis, and in columns. */
import { type Fields, madeOf, type Row } from "../records/field.js";
import { hashOf } from "../records/hash.js";
import { hashReader, numberOf } from "../records/stored.js";
import type { EventLog } from "../state/event-log.js";
import type { Log, LogRow } from "../state/log.js";
import { compareBytes, type Ranking } from "../state/ranking.js";
import type { Cell, Table } from "../state/table.js";
import { errorText } from "../words/error-text.js";
import type { Entry } from "./flow-layout.js";
import { eventEntry, eventRow } from "./stored-records.js";

export type KeyType = "hash" | "zset" | "string" | "stream";

/**
 * A table of the state, by its Redis key. `Rows` holds the table in memory. Its functions are properties, not methods, so that the compiler checks a form
 * against the rows of its table.
 */
export interface TableForm<Rows, Key extends string = string> {
  readonly key: Key;
  readonly type: KeyType;
  /** The words for the key in the heads of scripts. */
  readonly words: string;
  /** What Redis would hold of it, in the order in which Redis returns it (for a hash: by field). */
  readonly render: (table: Rows) => Entry[];
  /** Puts entries into an empty table. Throws a TypeError for an entry that cannot be read. */
  readonly parse: (table: Rows, entries: readonly Entry[]) => void;
  /** Passes the table to a keeper, and returns what the keeper makes of it. */
  readonly keep: <Kept>(table: Rows, keeper: TableKeeper<Kept>) => Kept;
}

/** Keeps tables outside of Redis, in columns. */
export interface TableKeeper<Kept> {
  rows<Value, F extends Fields>(table: Table<Value>, columns: RowColumns<Value, F>): Kept;
  /** `kept`: how many of the newest rows to keep; undefined: all that there is room for. */
  log<Row extends LogRow, F extends Fields>(log: Log<Row>, columns: RowColumns<Row, F>, kept: number | undefined): Kept;
  events(log: EventLog): Kept;
}

/** How the rows of a table map to the fields of a record. */
export interface RowColumns<Value, F extends Fields> {
  readonly record: F;
  /** The field that holds the key; absent for a table of one row. */
  readonly key?: NameIn<F>;
  /** The order in which rows load fastest. */
  readonly order?: readonly NameIn<F>[];
  toFields(row: Value, key: string): Row<F>;
  toRow(fields: Row<F>): Value;
  keyOf(fields: Row<F>): string;
}

type NameIn<F extends Fields> = Extract<keyof F, string>;

interface Named<Key extends string> {
  readonly key: Key;
  readonly words: string;
}

/** A hash of the named fields of one row. */
export function oneRow<Key extends string, F extends Fields>({
  record,
  ...named
}: Named<Key> & { readonly record: F }): TableForm<Cell<Row<F>>, Key> {
  const read = hashReader(record);
  const columns: RowColumns<Row<F>, F> = { record, toFields: asIs, toRow: asIs, keyOf: () => "" };
  return {
    ...named,
    type: "hash",
    render({ value }) {
      return value === undefined ? [] : Object.entries(hashOf(record, value)).sort(byFirst);
    },
    parse(cell, entries) {
      if (entries.length === 0) return;
      cell.value = read(Object.fromEntries(entries.map(([name = "", value = ""]) => [name, value])));
    },
    keep: (cell, keeper) => keeper.rows(cell, columns),
  };
}

/** A hash of rows by key, each a text. */
export function rows<Key extends string, Value, F extends Fields>({
  toText,
  toRow,
  columns,
  ...named
}: Named<Key> & {
  toText(row: Value, key: string): string;
  toRow(key: string, text: string): Value;
  readonly columns: RowColumns<Value, F>;
}): TableForm<Table<Value>, Key> {
  return {
    ...named,
    type: "hash",
    render: (table) => Array.from(table.entries(), ([key, row]) => [key, toText(row, key)]).sort(byFirst),
    parse(table, entries) {
      for (const [key = "", text = ""] of entries) naming(key, () => table.set(key, toRow(key, text)));
    },
    keep: (table, keeper) => keeper.rows(table, columns),
  };
}

/** A sorted set of ids, each with a number. */
export function ranking<Key extends string, F extends Fields, Score extends NameIn<F>>({
  record,
  id,
  score,
  ...named
}: Named<Key> & { readonly record: F; readonly id: NameIn<F>; readonly score: Score }): TableForm<
  Ranking & Table<Row<F>[Score]>,
  Key
> {
  const columns = { ...keyAndValue(record, id, score), order: [score, id] };
  return {
    ...named,
    type: "zset",
    render: (ids) => ids.newest(ids.size).map((each) => [each.id, String(each.score)]),
    parse(ids, entries) {
      for (const [member = "", number = ""] of entries) naming(member, () => ids.set(member, numberOf(number)));
    },
    keep: (ids, keeper) => keeper.rows<Row<F>[Score], F>(ids, columns),
  };
}

/** A text that is one number. */
export function oneNumber<Key extends string, F extends Fields, Value extends NameIn<F>>({
  record,
  value,
  ...named
}: Named<Key> & { readonly record: F; readonly value: Value }): TableForm<Cell<number> & Cell<Row<F>[Value]>, Key> {
  const columns: RowColumns<Row<F>[Value], F> = {
    record,
    toFields: (number) => madeOf<Row<F>>([value], () => number),
    toRow: (fields) => fields[value],
    keyOf: () => "",
  };
  return {
    ...named,
    type: "string",
    render: (cell) => (cell.value === undefined ? [] : [[String(cell.value)]]),
    parse(cell, [entry]) {
      if (entry !== undefined) cell.set("", numberOf(entry[0] ?? ""));
    },
    keep: (cell, keeper) => keeper.rows<Row<F>[Value], F>(cell, columns),
  };
}

/** A stream of JSON, each entry under the row's own key. `kept`: how many of the newest rows every keeper keeps. */
export function jsonLog<Key extends string, Row extends LogRow, F extends Fields>({
  toText,
  toRow,
  columns,
  kept,
  ...named
}: Named<Key> & {
  toText(row: Row): string;
  toRow(key: string, text: string): Row;
  readonly columns: RowColumns<Row, F>;
  readonly kept?: number;
}): TableForm<Log<Row>, Key> {
  return {
    ...named,
    type: "stream",
    render: (log) => log.values().map((row) => [row.key, "json", toText(row)]),
    parse(log, entries) {
      for (const [key = "", , json = ""] of entries) naming(key, () => log.append(toRow(key, json)));
    },
    keep: (log, keeper) => keeper.log(log, columns, kept),
  };
}

/** The stream of events. */
export function eventLog<Key extends string>(named: Named<Key>): TableForm<EventLog, Key> {
  return {
    ...named,
    type: "stream",
    render: (log) => log.values().map(eventEntry),
    parse(log, entries) {
      for (const entry of entries) naming(entry[0] ?? "", () => log.put(eventRow(entry)));
    },
    keep: (log, keeper) => keeper.events(log),
  };
}

/** Rows that are the record itself, the key among its fields. */
export function wholeRecord<F extends Fields>(record: F, key: NameIn<F>): RowColumns<Row<F>, F> {
  return { record, key, toFields: asIs, toRow: asIs, keyOf: (fields) => textIn(fields, key) };
}

/** Rows that are one value each, in a record of the key and that value. */
export function keyAndValue<F extends Fields, Value extends NameIn<F>>(
  record: F,
  key: NameIn<F>,
  value: Value,
): RowColumns<Row<F>[Value], F> {
  return {
    record,
    key,
    toFields: (row, id) => madeOf<Row<F>>([key, value], (name) => (name === key ? id : row)),
    toRow: (fields) => fields[value],
    keyOf: (fields) => textIn(fields, key),
  };
}

function asIs<Value>(value: Value): Value {
  return value;
}

function textIn<F extends Fields>(fields: Row<F>, name: NameIn<F>): string {
  const found: unknown = fields[name];
  if (typeof found !== "string") throw new TypeError(`${name}: expected a text, found ${typeof found}`);
  return found;
}

export function byFirst(a: Entry, b: Entry): number {
  return compareBytes(a[0] ?? "", b[0] ?? "");
}

/** Runs a step; an error of it begins with the entry that it is about. */
function naming(entry: string, step: () => void): void {
  try {
    step();
  } catch (error) {
    throw new TypeError(`${JSON.stringify(entry)}: ${errorText(error)}`, {
      cause: error,
    });
  }
}
