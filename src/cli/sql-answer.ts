/** A result of DuckDB as JSON, as CSV and for people. */
import type { DuckDBResultReader, DuckDBValue, Json } from "@duckdb/node-api";
import { duckdb } from "../backends/duckdb/library.js";
import type { Cell } from "../ledger/column.js";
import { cellText, csvLine } from "../ledger/csv.js";

export interface SqlAnswer {
  readonly columns: readonly string[];
  /** Whether a column holds numbers. */
  readonly numbers: readonly boolean[];
  /** Numbers as numbers, times as ISO 8601; a number that a double cannot hold is text. */
  readonly rows: readonly (readonly Json[])[];
}

export function answerOf(reader: DuckDBResultReader): SqlAnswer {
  const types = reader.columnTypes();
  const values = reader.getRows();
  const shown = reader.getRowsJson();
  const { DuckDBTypeId } = duckdb();
  const whole = [DuckDBTypeId.BIGINT, DuckDBTypeId.UBIGINT, DuckDBTypeId.HUGEINT, DuckDBTypeId.UHUGEINT];
  const small = [
    DuckDBTypeId.TINYINT,
    DuckDBTypeId.SMALLINT,
    DuckDBTypeId.INTEGER,
    DuckDBTypeId.UTINYINT,
    DuckDBTypeId.USMALLINT,
    DuckDBTypeId.UINTEGER,
    DuckDBTypeId.FLOAT,
    DuckDBTypeId.DOUBLE,
  ];
  return {
    columns: reader.deduplicatedColumnNames(),
    numbers: types.map(({ typeId }) => [...whole, ...small, DuckDBTypeId.DECIMAL].includes(typeId)),
    rows: shown.map((row, at) =>
      row.map((json, column) => {
        const typeId = types[column]?.typeId;
        if (typeId === DuckDBTypeId.TIMESTAMP_TZ) return timeText(values[at]?.[column], json);
        if (typeId === DuckDBTypeId.DECIMAL || (typeId !== undefined && whole.includes(typeId))) return numberIn(json);
        return json;
      }),
    ),
  };
}

function timeText(value: DuckDBValue | undefined, json: Json): Json {
  const { DuckDBTimestampTZValue } = duckdb();
  if (!(value instanceof DuckDBTimestampTZValue)) return json;
  const ms = Number(value.micros / 1000n);
  const at = new Date(ms);
  return value.micros % 1000n === 0n && !Number.isNaN(at.getTime()) ? at.toISOString() : json;
}

/** A number, unless a double would change it. */
function numberIn(json: Json): Json {
  if (typeof json !== "string") return json;
  const value = Number(json);
  const plain = json.includes(".") ? json.replace(/\.?0+$/, "") : json;
  const same = value.toLocaleString("en-US", { useGrouping: false, maximumFractionDigits: 20 });
  return same === plain || (value === 0 && /^-?0$/.test(plain)) ? value : json;
}

export function answerObjects({ columns, rows }: SqlAnswer): Record<string, Json>[] {
  return rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at] ?? null])));
}

export function answerCsv({ columns, rows, numbers }: SqlAnswer): string[] {
  return [
    csvLine(columns.map((name) => textCell(name))),
    ...rows.map((row) => csvLine(row.map((json, at) => csvCell(json, numbers[at] ?? false)))),
  ];
}

function csvCell(json: Json, isNumber: boolean): string {
  const text = cellWords(json);
  return isNumber ? text : textCell(text);
}

function textCell(value: string): string {
  const cell: Cell = { kind: "text", value };
  return cellText(cell);
}

/** A cell for people. */
export function cellWords(json: Json): string {
  if (json === null) return "";
  return typeof json === "object" ? JSON.stringify(json) : String(json);
}
