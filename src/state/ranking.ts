import { type ChangeLog, Table } from "./table.js";

interface Ranked {
  readonly score: number;
  readonly id: string;
}

/**
 * Ids with a score (a time in ms), ordered by score, then by the bytes of the id, like a Redis sorted set. Adding at the end, and removing from the front,
 * take O(1).
 */
export class Ranking extends Table<number> {
  #order: Ranked[] = [];
  #start = 0;

  constructor(name: string, log: ChangeLog) {
    super(name, log);
  }

  /** The id with the lowest rank. */
  oldest(): Ranked | undefined {
    return this.#order[this.#start];
  }

  /** The highest score. */
  newestScore(): number | undefined {
    return this.#order.length > this.#start ? this.#order[this.#order.length - 1]?.score : undefined;
  }

  /** The `count` ids with the highest ranks, in ascending order. */
  newest(count: number): Ranked[] {
    return this.#order.slice(Math.max(this.#start, this.#order.length - count));
  }

  protected override replace(id: string, before: number | undefined, after: number | undefined): void {
    super.replace(id, before, after);
    if (before === after) return;
    if (before !== undefined) this.#remove({ score: before, id });
    if (after !== undefined) this.#insert({ score: after, id });
  }

  #insert(entry: Ranked): void {
    const last = this.#order[this.#order.length - 1];
    if (this.#order.length === this.#start || (last !== undefined && compare(last, entry) < 0)) this.#order.push(entry);
    else this.#order.splice(this.#position(entry), 0, entry);
  }

  #remove(entry: Ranked): void {
    if (this.oldest()?.id !== entry.id) {
      this.#order.splice(this.#position(entry), 1);
      return;
    }
    this.#start++;
    if (this.#start > 1024 && this.#start * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#start);
      this.#start = 0;
    }
  }

  /** The index of the first entry that is not below `entry`. */
  #position(entry: Ranked): number {
    let low = this.#start;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(this.#order[middle] as Ranked, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compare(a: Ranked, b: Ranked): number {
  return a.score - b.score || compareBytes(a.id, b.id);
}

/** Sorts in place, unless the values are in order already, as those of a table mostly are. */
export function inOrder<Value>(values: Value[], compare: (a: Value, b: Value) => number): Value[] {
  const isSorted = values.every((value, i) => i === 0 || compare(values[i - 1] as Value, value) <= 0);
  return isSorted ? values : values.sort(compare);
}

/** Compares two well-formed strings by their UTF-8 bytes, as Redis and DuckDB do. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate (0xD800 to 0xDFFF) starts a code point above every other code unit.
    const xSurrogate = x >= 0xd800 && x <= 0xdfff;
    const ySurrogate = y >= 0xd800 && y <= 0xdfff;
    if (xSurrogate !== ySurrogate) return xSurrogate ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}
