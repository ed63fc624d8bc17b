import type { DuckDBConnection } from "@duckdb/node-api";
import { type EventRow, event } from "../../records/event.js";
import type { EventLog } from "../../state/event-log.js";
import { type Columns, json, time, whole } from "./columns.js";
import type { Mirror, Write } from "./mirror.js";
import { columnsOf } from "./record-columns.js";
import { quoted, SqlTable } from "./sql-table.js";

/** An event as it is stored: `seq` counts all events of the flow, `fields` is JSON. */
interface StoredEvent {
  readonly seq: number;
  readonly id: string;
  readonly happened_at: number;
  readonly instance: string;
  readonly type: string;
  readonly fields: string;
}

const { id, at, instance, type } = columnsOf(event);
const columns: Columns<StoredEvent> = { seq: whole, id, happened_at: at, instance, type, fields: json };

/** Mirrors the event log: a new event is written once; a forgotten one is deleted at the next checkpoint. */
export class EventMirror implements Mirror {
  readonly name = "events";
  readonly #sql = new SqlTable<StoredEvent>("events", columns);
  /** `seq` of the newest event. */
  #newest = 0;
  /** `seq` of the oldest event in the SQL table. */
  #oldestStored = Number.POSITIVE_INFINITY;
  /** Events that are not yet in the journal. */
  #unwritten: { readonly seq: number; readonly row: EventRow }[] = [];
  /** Events of the journal that are not yet in the SQL table, except those that are already forgotten. */
  #unstored: StoredEvent[] = [];

  constructor(
    private readonly log: EventLog,
    private readonly max: number,
  ) {}

  definition(): string {
    return this.#sql.definition();
  }

  async load(connection: DuckDBConnection): Promise<void> {
    for await (const events of this.#sql.read(connection, ["seq"])) {
      for (const event of events) {
        this.#load(event);
        this.#oldestStored = Math.min(this.#oldestStored, event.seq);
      }
    }
    this.log.trim(this.max);
  }

  note(key: string): void {
    const row = this.log.get(key);
    this.#newest = Math.max(this.#newest, this.log.skipped) + 1;
    if (row) this.#unwritten.push({ seq: this.#newest, row });
  }

  check(key: string): void {
    const row = this.log.get(key);
    if (!row) return;
    const { id, at, instance, type } = row;
    const fields = JSON.stringify(row.fields());
    this.#sql.fromJson(this.#sql.toJson({ seq: 1, id, happened_at: at, instance, type, fields }));
  }

  takeJournal(): string | undefined {
    if (this.#unwritten.length === 0) return undefined;
    const events = this.#takeUnwritten();
    return `[${events.map(journalOf).join(",")}]`;
  }

  replay(events: unknown): void {
    if (!Array.isArray(events)) throw new TypeError("events: expected a list");
    for (const event of events) {
      if (typeof event !== "object" || event === null) throw new TypeError("events: expected an event");
      const stored = this.#sql.fromJson({ ...event, fields: JSON.stringify(event.fields) });
      this.#load(stored);
      this.#unstored.push(stored);
    }
    this.log.trim(this.max);
    this.#forget();
  }

  get lag(): number {
    return Math.min(this.#unstored.length, this.log.size);
  }

  takeDifference(): Write | undefined {
    this.#takeUnwritten();
    const forgotten = this.#newest - this.log.size;
    const events = this.#unstored.filter(({ seq }) => seq > forgotten);
    this.#unstored = [];
    if (events.length === 0 && this.#oldestStored > forgotten) return undefined;
    this.#oldestStored = forgotten + 1;
    return async (connection) => {
      await connection.run(`DELETE FROM ${quoted(this.name)} WHERE seq <= ${forgotten}`);
      await this.#sql.append(connection, events);
    };
  }

  #load(event: StoredEvent): void {
    const { seq, id, happened_at: at, instance, type, fields } = event;
    if (seq <= this.#newest) throw new TypeError(`events: ${seq} does not come after ${this.#newest}`);
    if (this.log.added === 0) this.log.skipped = seq - 1;
    this.#newest = seq;
    this.log.load({ id, at, instance, type, fields: () => JSON.parse(fields) });
  }

  #takeUnwritten(): StoredEvent[] {
    const events = this.#unwritten.map(({ seq, row }) => ({
      seq,
      id: row.id,
      happened_at: row.at,
      instance: row.instance,
      type: row.type,
      fields: JSON.stringify(row.fields()),
    }));
    this.#unwritten = [];
    for (const event of events) this.#unstored.push(event);
    this.#forget();
    return events;
  }

  /** Drops most of the events that the log has forgotten before they were stored. */
  #forget(): void {
    const kept = this.log.size;
    if (this.#unstored.length > 2 * kept) this.#unstored = this.#unstored.slice(this.#unstored.length - kept);
  }
}

/** An event in the journal: there `fields` is JSON, not text. */
function journalOf({ seq, id, happened_at, instance, type, fields }: StoredEvent): string {
  const texts = `"id":${JSON.stringify(id)},"instance":${JSON.stringify(instance)},"type":${JSON.stringify(type)}`;
  return `{"seq":${seq},"happened_at":${time.toJson(happened_at)},${texts},"fields":${fields}}`;
}
