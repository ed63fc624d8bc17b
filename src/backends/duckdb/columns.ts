/** The types of the SQL columns: how a value is stored in a column and in the journal's JSON. */
import type { DuckDBType, DuckDBValue } from "@duckdb/node-api";
import { formatMoney, type Money, parseMoney } from "../../exact/money.js";
import { type Duckdb, duckdb } from "./library.js";

/** One type of column. Reading throws a TypeError when something else is stored. */
export interface Column<Value> {
  readonly type: (library: Duckdb) => DuckDBType;
  readonly nullable: boolean;
  /** The SQL expression that is selected, by the column's quoted name; by default the column itself. */
  readonly selected?: (name: string) => string;
  toSql(value: Value): DuckDBValue;
  fromSql(value: DuckDBValue): Value;
  toJson(value: Value): string | number | null;
  fromJson(value: unknown): Value;
}

/** A column for every field of a record. */
export type Columns<Fields> = { readonly [Name in keyof Fields]-?: Column<Fields[Name]> };

function stored(expected: string, value: unknown): never {
  throw new TypeError(
    `expected ${expected}, found ${typeof value === "string" ? JSON.stringify(value) : String(value)}`,
  );
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : stored("text", value));

/** A text is selected as its bytes: the driver drops a U+FEFF at the beginning of what it decodes, and one name becomes another. */
const asBytes = (name: string) => `encode(${name})`;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decoded(value: unknown): string {
  return value instanceof duckdb().DuckDBBlobValue ? UTF8.decode(value.bytes) : stored("text", value);
}

export const text: Column<string> = {
  type: ({ VARCHAR }) => VARCHAR,
  nullable: false,
  selected: asBytes,
  toSql: (value) => value,
  fromSql: decoded,
  toJson: (value) => value,
  fromJson: textOf,
};

/** Text that is JSON. */
export const json: Column<string> = { ...text, fromSql: (value) => jsonOf(decoded(value)), fromJson: jsonOf };

function jsonOf(value: unknown): string {
  const found = textOf(value);
  try {
    JSON.parse(found);
  } catch {
    stored("JSON", found);
  }
  return found;
}

/** One of a few words. */
export function oneOf<Word extends string>(words: readonly Word[]): Column<Word> {
  const wordOf = (value: unknown): Word => words.find((word) => word === value) ?? stored(words.join(" or "), value);
  return {
    type: ({ VARCHAR }) => VARCHAR,
    nullable: false,
    selected: asBytes,
    toSql: (value) => value,
    fromSql: (value) => wordOf(decoded(value)),
    toJson: (value) => value,
    fromJson: wordOf,
  };
}

/** A double, bit for bit; JSON has no -0, no NaN and no infinities. */
export const double: Column<number> = {
  type: ({ DOUBLE }) => DOUBLE,
  nullable: false,
  toSql: (value) => value,
  fromSql: (value) => (typeof value === "number" ? value : stored("a number", value)),
  toJson(value) {
    if (Object.is(value, -0)) return "-0";
    return Number.isFinite(value) ? value : String(value);
  },
  fromJson(value) {
    if (typeof value === "number") return value;
    return typeof value === "string" && /^(?:-0|NaN|-?Infinity)$/.test(value)
      ? Number(value)
      : stored("a number", value);
  },
};

/** A whole number that a double holds exactly. */
export const whole: Column<number> = {
  type: ({ BIGINT }) => BIGINT,
  nullable: false,
  toSql: (value) => BigInt(value),
  fromSql: (value) => (typeof value === "bigint" ? Number(value) : stored("a whole number", value)),
  toJson: (value) => value,
  fromJson: (value) => (Number.isSafeInteger(value) ? Number(value) : stored("a whole number", value)),
};

/** A time in ms since 1970; the column keeps microseconds. */
export const time: Column<number> = {
  type: ({ TIMESTAMPTZ }) => TIMESTAMPTZ,
  nullable: false,
  toSql: (ms) => new (duckdb().DuckDBTimestampTZValue)(microsOf(ms)),
  fromSql: (value) => (value instanceof duckdb().DuckDBTimestampTZValue ? msOf(value.micros) : stored("a time", value)),
  toJson: (ms) => (Number.isInteger(ms) && Math.abs(ms) <= LAST_MS ? ms : msOf(microsOf(ms))),
  fromJson: (value) => (typeof value === "number" ? value : stored("a time in ms", value)),
};

/** No `Date` lies further from 1970. */
const LAST_MS = 8.64e15;

function microsOf(ms: number): bigint {
  if (Number.isNaN(ms)) throw new RangeError("a time is not a number: does the clock return ms since 1970?");
  const within = Math.min(Math.max(ms, -LAST_MS), LAST_MS);
  const whole = Math.floor(within);
  return BigInt(whole) * 1000n + BigInt(Math.round((within - whole) * 1000));
}

function msOf(micros: bigint): number {
  return Number(micros / 1000n) + Number(micros % 1000n) / 1000;
}

const MONEY_WIDTH = 38;
const MONEY_PLACES = 8;

/** Exact money. */
export const money: Column<Money> = {
  type: ({ DECIMAL }) => DECIMAL(MONEY_WIDTH, MONEY_PLACES),
  nullable: false,
  toSql: (amount) => new (duckdb().DuckDBDecimalValue)(amount, MONEY_WIDTH, MONEY_PLACES),
  fromSql: (value) =>
    value instanceof duckdb().DuckDBDecimalValue && value.scale === MONEY_PLACES ? value.value : stored("money", value),
  toJson: formatMoney,
  fromJson: (value) => parseMoney(textOf(value)),
};

/** The same column, but with null allowed. */
export function optional<Value>(column: Column<Value>): Column<Value | null> {
  return {
    ...column,
    nullable: true,
    toSql: (value) => (value === null ? null : column.toSql(value)),
    fromSql: (value) => (value === null ? null : column.fromSql(value)),
    toJson: (value) => (value === null ? null : column.toJson(value)),
    fromJson: (value) => (value === null ? null : column.fromJson(value)),
  };
}
