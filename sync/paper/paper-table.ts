import type { z } from "zod";

/** A change of a row, with what is needed to undo and redo it. */
export interface PaperChange {
  readonly table: string;
  readonly key: string;
  /** undefined: the row was removed. */
  readonly row: unknown;
  undo(): void;
  redo(): void;
}

/** Rows by key, in the order in which they were first set. Every change is noted. */
export class PaperTable<Row> {
  readonly #rows = new Map<string, Row>();

  constructor(
    readonly name: string,
    private readonly schema: z.ZodType<Row>,
    private readonly note: (change: PaperChange) => void,
    /** Called for every row that is added, changed or removed. */
    private readonly watch: (key: string, before: Row | undefined, after: Row | undefined) => void = () => {},
  ) {}

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  set(key: string, row: Row): void {
    this.#change(key, row);
  }

  delete(key: string): void {
    this.#change(key, undefined);
  }

  values(): IterableIterator<Row> {
    return this.#rows.values();
  }

  entries(): IterableIterator<[string, Row]> {
    return this.#rows.entries();
  }

  /** Sets a stored row (null: none) without noting the change. Throws a ZodError if it is not such a row. */
  load(key: string, written: unknown): void {
    this.#put(key, written === null ? undefined : this.schema.parse(written));
  }

  #change(key: string, row: Row | undefined): void {
    const before = this.#rows.get(key);
    const redo = () => this.#put(key, row);
    this.note({ table: this.name, key, row, undo: () => this.#put(key, before), redo });
    redo();
  }

  #put(key: string, row: Row | undefined): void {
    const before = this.#rows.get(key);
    if (row === undefined) this.#rows.delete(key);
    else this.#rows.set(key, row);
    this.watch(key, before, row);
  }
}
