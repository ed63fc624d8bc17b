/**
 * The parts of a flow's state in memory: named tables of immutable rows. A change is a `set` or a `delete` of one row and is noted in the change log, so
 * that a backend can make it durable or undo it without knowing which operation made it.
 */

/** A table that holds rows by key and can restore one. */
export interface ChangedTable {
  readonly name: string;
  get(key: string): unknown;
  restore(key: string, row: unknown): void;
}

/** A row that changed since the last `take`, with its old value. */
export interface Change {
  readonly table: ChangedTable;
  readonly key: string;
  readonly before: unknown;
}

/** The rows changed since the last `take` or `undo`, oldest first. */
export class ChangeLog {
  #changes: Change[] = [];

  note(change: Change): void {
    this.#changes.push(change);
  }

  /** The changes so far. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** Returns the changes and keeps them: they cannot be undone any more. */
  take(): readonly Change[] {
    const taken = this.#changes;
    if (taken.length > 0) this.#changes = [];
    return taken;
  }

  /** Restores every changed row. */
  undo(): void {
    const taken = this.take();
    for (let i = taken.length - 1; i >= 0; i--) {
      const { table, key, before } = taken[i] as Change;
      table.restore(key, before);
    }
  }
}

/** Called with the old and the new row at each change; used for sums over a table. */
export type RowWatcher<Row> = (before: Row | undefined, after: Row | undefined) => void;

/** Rows by key, in the order in which the keys were first set. Rows are never changed in place. */
export class Table<Row> implements ChangedTable {
  protected readonly rows = new Map<string, Row>();

  constructor(
    readonly name: string,
    protected readonly log: ChangeLog,
    private readonly watcher?: RowWatcher<Row>,
  ) {}

  get size(): number {
    return this.rows.size;
  }

  get(key: string): Row | undefined {
    return this.rows.get(key);
  }

  set(key: string, row: Row): void {
    const before = this.rows.get(key);
    this.log.note({ table: this as ChangedTable, key, before });
    this.replace(key, before, row);
  }

  delete(key: string): boolean {
    const before = this.rows.get(key);
    if (before === undefined) return false;
    this.log.note({ table: this as ChangedTable, key, before });
    this.replace(key, before, undefined);
    return true;
  }

  keys(): IterableIterator<string> {
    return this.rows.keys();
  }

  values(): IterableIterator<Row> {
    return this.rows.values();
  }

  entries(): IterableIterator<[string, Row]> {
    return this.rows.entries();
  }

  /** Sets (or, with undefined, removes) a row without noting it: for undo and for loading a stored state. */
  restore(key: string, row: Row | undefined): void {
    this.replace(key, this.rows.get(key), row);
  }

  protected replace(key: string, before: Row | undefined, after: Row | undefined): void {
    if (after === undefined) this.rows.delete(key);
    else this.rows.set(key, after);
    this.watcher?.(before, after);
  }
}

/** A table of one row, under the empty key. */
export class Cell<Row> extends Table<Row> {
  get value(): Row | undefined {
    return this.get("");
  }

  set value(row: Row) {
    this.set("", row);
  }

  clear(): boolean {
    return this.delete("");
  }
}
