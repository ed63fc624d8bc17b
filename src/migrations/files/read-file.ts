/** Reads a DuckDB file of an older schema, with its journal, into the layout of its time. Nothing in the file is changed. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { json, text, time, whole } from "../../backends/duckdb/columns.js";
import { CommitJournal } from "../../backends/duckdb/commit-journal.js";
import { SqlTable } from "../../backends/duckdb/sql-table.js";
import { everyKey } from "../../layout/convert.js";
import type { Entry, FlowLayout, StoredKey } from "../../layout/flow-layout.js";
import { FILE_1 } from "./1.js";
import { FILE_2 } from "./2.js";
import { FILE_3 } from "./3.js";
import { FILE_4 } from "./4.js";
import type { FileTable } from "./file-table.js";

const FILES = new Map<number, readonly FileTable[]>([
  [1, FILE_1],
  [2, FILE_2],
  [3, FILE_3],
  [4, FILE_4],
]);

/** Events are stored alike in every schema so far. */
const eventTable = new SqlTable("events", {
  seq: whole,
  id: text,
  happened_at: time,
  instance: text,
  type: text,
  fields: json,
});

/** Throws a TypeError that names what cannot be read. */
export async function readFile(connection: DuckDBConnection, schema: number): Promise<FlowLayout> {
  const tables = FILES.get(schema);
  if (!tables) throw new TypeError(`flow_meta.schema: there was no schema ${schema}`);
  const read = new Map<string, Map<string, readonly Entry[]>>();
  for (const table of tables) read.set(table.name, await table.read(connection));
  const events = new Events();
  for await (const rows of eventTable.read(connection, ["seq"])) for (const row of rows) events.add(row);

  const journal = await CommitJournal.open(connection);
  for await (const changes of journal.read()) {
    const byTable: unknown = JSON.parse(changes);
    if (typeof byTable !== "object" || byTable === null) throw new TypeError("journal: expected changes by table");
    for (const [name, ofTable] of Object.entries(byTable)) {
      const table = tables.find((each) => each.name === name);
      const rows = read.get(name);
      if (name === "events") events.replay(ofTable);
      else if (table && rows) replay(table, rows, ofTable);
      else throw new TypeError(`journal: there is no table ${JSON.stringify(name)}`);
    }
  }

  const entries = new Map<StoredKey, readonly Entry[]>([["events:log", events.entries]]);
  for (const { name, key } of tables) entries.set(key, [...(read.get(name)?.values() ?? [])].flat());
  return { entries: everyKey(entries), eventsAdded: events.newest };
}

function replay(table: FileTable, rows: Map<string, readonly Entry[]>, changes: unknown): void {
  if (!Array.isArray(changes)) throw new TypeError(`${table.name}: expected a list of changes`);
  for (const change of changes) {
    const [key, fields]: unknown[] = Array.isArray(change) ? change : [];
    if (typeof key !== "string" || typeof fields !== "object")
      throw new TypeError(`${table.name}: expected a key and a row`);
    if (fields === null) rows.delete(key);
    else rows.set(key, table.entriesOf(fields));
  }
}

class Events {
  readonly entries: Entry[] = [];
  newest = 0;

  replay(events: unknown): void {
    if (!Array.isArray(events)) throw new TypeError("events: expected a list");
    for (const event of events) {
      if (typeof event !== "object" || event === null) throw new TypeError("events: expected an event");
      this.add(eventTable.fromJson({ ...event, fields: JSON.stringify(event.fields) }));
    }
  }

  add(row: { seq: number; id: string; happened_at: number; instance: string; type: string; fields: string }): void {
    if (row.seq <= this.newest) throw new TypeError(`events: ${row.seq} does not come after ${this.newest}`);
    this.newest = row.seq;
    const fields: unknown = JSON.parse(row.fields);
    if (typeof fields !== "object" || fields === null) throw new TypeError(`events: ${row.id} has no fields`);
    const told = Object.entries(fields).flatMap(([name, value]) => [name, String(value)]);
    this.entries.push([row.id, "type", row.type, "at", String(row.happened_at), "instance", row.instance, ...told]);
  }
}
