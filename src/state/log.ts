import { compareEventIds } from "./event-log.js";
import type { ChangedTable, ChangeLog } from "./table.js";

/** A row of a log: `key` is `ms-seq`, growing. */
export interface LogRow {
  readonly key: string;
}

/** The newest rows, in the order in which they were appended. Appending, and dropping the oldest, take O(1). */
export class Log<Row extends LogRow> implements ChangedTable {
  #rows: Row[] = [];
  #start = 0;
  #lastMs = 0;
  #lastSeq = -1;
  /** Whether the backend has room for all rows. */
  keepsAll = false;

  constructor(
    readonly name: string,
    private readonly log: ChangeLog,
  ) {}

  get size(): number {
    return this.#rows.length - this.#start;
  }

  /** The key of a row that is appended at `now`, after `before` other rows of the same step. It is the newest key even if the clock has stepped back. */
  nextKey(now: number, before = 0): string {
    const ms = Math.max(now, this.#lastMs);
    return `${ms}-${(ms === this.#lastMs ? this.#lastSeq + 1 : 0) + before}`;
  }

  /** Appends a row, whose key must be later than all before, and forgets the oldest beyond `max`. Throws a TypeError if the key is earlier. */
  append(row: Row, max = Number.POSITIVE_INFINITY): void {
    if (compareEventIds(row.key, this.#newestKey) <= 0) {
      throw new TypeError(`${row.key} does not come after ${this.#newestKey}`);
    }
    this.log.note({ table: this, key: row.key, before: undefined });
    this.load(row);
    this.trim(max);
  }

  /** Appends a stored row. */
  load(row: Row): void {
    const [ms, seq] = row.key.split("-").map(Number);
    this.#lastMs = ms ?? 0;
    this.#lastSeq = seq ?? 0;
    this.#rows.push(row);
  }

  /** Forgets the oldest beyond `max`; a log that keeps all forgets none. */
  trim(max: number): void {
    if (this.keepsAll || this.size <= max) return;
    this.#start = this.#rows.length - max;
    if (this.#start <= 1024 || this.#start * 2 <= this.#rows.length) return;
    this.#rows = this.#rows.slice(this.#start);
    this.#start = 0;
  }

  get(key: string): Row | undefined {
    const at = this.#firstAfter(key) - 1;
    const found = at < this.#start ? undefined : this.#rows[at];
    return found?.key === key ? found : undefined;
  }

  restore(key: string): void {
    if (this.#rows[this.#rows.length - 1]?.key === key) this.#rows.pop();
  }

  /** The rows of one ms. */
  of(ms: number): Row[] {
    return this.#rows.slice(
      this.#firstAfter(`${ms - 1}-${Number.MAX_SAFE_INTEGER}`),
      this.#firstAfter(`${ms}-${Number.MAX_SAFE_INTEGER}`),
    );
  }

  /** The key of the oldest row that is kept. */
  get oldestKey(): string | undefined {
    return this.#rows[this.#start]?.key;
  }

  /** At most `limit` rows after a key; after "", from the oldest kept. */
  after(key: string, limit: number): Row[] {
    const first = key === "" ? this.#start : this.#firstAfter(key);
    return this.#rows.slice(first, first + limit);
  }

  values(): Row[] {
    return this.#rows.slice(this.#start);
  }

  get #newestKey(): string {
    return `${this.#lastMs}-${this.#lastSeq}`;
  }

  /** The index of the first kept row after a key. */
  #firstAfter(key: string): number {
    let low = this.#start;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareEventIds(this.#rows[middle]?.key ?? "", key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
