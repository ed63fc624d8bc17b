import type { EventRow } from "../records/event.js";
import type { ChangedTable, ChangeLog } from "./table.js";

/** The newest events of a flow, oldest first. Appending, and dropping the oldest, take O(1). */
export class EventLog implements ChangedTable {
  readonly name = "events";
  /** How many events were forgotten before the first event of this log. */
  skipped = 0;
  #forgotten = 0;
  #events: EventRow[] = [];
  #start = 0;
  #lastMs = 0;
  #lastSeq = 0;

  constructor(private readonly log: ChangeLog) {}

  get size(): number {
    return this.#events.length - this.#start;
  }

  /** Whether an event was ever forgotten. */
  get trimmed(): boolean {
    return this.skipped + this.#forgotten > 0;
  }

  /** How many events there ever were. */
  get added(): number {
    return this.skipped + this.#forgotten + this.size;
  }

  /** Appends an event under the next id and forgets the oldest beyond `max`. */
  append(event: Omit<EventRow, "id">, max: number): void {
    if (max === 0) return;
    const ms = Math.max(event.at, this.#lastMs);
    const seq = ms === this.#lastMs ? this.#lastSeq + 1 : 0;
    const row: EventRow = {
      id: `${ms}-${seq}`,
      at: event.at,
      instance: event.instance,
      type: event.type,
      fields: event.fields,
    };
    this.log.note({ table: this, key: row.id, before: undefined });
    this.#push(row, ms, seq);
    this.trim(max);
  }

  /** Appends an event with an id of its own, which must be later than all before. Throws a TypeError if it is not. */
  put(row: EventRow): void {
    if (this.size > 0 && compareEventIds(row.id, this.newestId()) <= 0) {
      throw new TypeError(`event ${row.id} does not come after ${this.newestId()}`);
    }
    this.log.note({ table: this, key: row.id, before: undefined });
    this.load(row);
  }

  /** Forgets the oldest beyond `max`. */
  trim(max: number): void {
    if (this.size <= max) return;
    this.#forgotten += this.size - max;
    this.#start = this.#events.length - max;
    if (this.#start > 1024 && this.#start * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Appends a stored event. */
  load(row: EventRow): void {
    const [ms, seq] = row.id.split("-");
    this.#push(row, Number(ms), Number(seq));
  }

  #push(row: EventRow, ms: number, seq: number): void {
    this.#lastMs = ms;
    this.#lastSeq = seq;
    this.#events.push(row);
  }

  get(id: string): EventRow | undefined {
    const newest = this.#events[this.#events.length - 1];
    if (newest?.id === id) return newest;
    const at = this.#after(id) - 1;
    const found = at < this.#start ? undefined : this.#events[at];
    return found?.id === id ? found : undefined;
  }

  restore(id: string): void {
    if (this.#events[this.#events.length - 1]?.id === id) this.#events.pop();
  }

  /** The id of the newest event; there must be one. */
  newestId(): string {
    return `${this.#lastMs}-${this.#lastSeq}`;
  }

  /** At most `limit` events after this id; after "", from the oldest kept. */
  after(id: string, limit: number): EventRow[] {
    const first = id === "" ? this.#start : this.#after(id);
    return this.#events.slice(first, first + limit);
  }

  /** The index of the first kept event after this id. */
  #after(id: string): number {
    let low = this.#start;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareEventIds(this.#events[middle]?.id ?? "", id) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether events after this id may have been forgotten. */
  trimmedAfter(id: string): boolean {
    const oldest = this.#events[this.#start];
    return this.trimmed && id !== "" && oldest !== undefined && compareEventIds(id, oldest.id) < 0;
  }

  /** Whether the event with this id was never in this log: it is not kept, but not older than the oldest kept one either. */
  lacks(id: string): boolean {
    const oldest = this.#events[this.#start];
    return oldest === undefined || (compareEventIds(id, oldest.id) >= 0 && !this.get(id));
  }

  /** The events from the oldest kept. */
  values(): EventRow[] {
    return this.#events.slice(this.#start);
  }
}

/** Compares two ids `ms-seq`, number by number. */
export function compareEventIds(a: string, b: string): number {
  const [aDash, bDash] = [dashOf(a), dashOf(b)];
  // Ids whose parts have equal lengths are compared as texts, without cutting them or reading numbers.
  if (aDash === bDash && a.length === b.length) return a === b ? 0 : a < b ? -1 : 1;
  return Number(a.slice(0, aDash)) - Number(b.slice(0, bDash)) || seqOf(a, aDash) - seqOf(b, bDash);
}

function dashOf(id: string): number {
  const dash = id.indexOf("-");
  return dash === -1 ? id.length : dash;
}

function seqOf(id: string, dash: number): number {
  return Number(id.slice(dash + 1));
}

/** When the event was appended, by the clock of the log, ms since 1970. */
export function timeOfEvent(id: string): number {
  return Number(id.split("-")[0]);
}
