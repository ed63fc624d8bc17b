import { fromMoney } from "../exact/money.js";
import type { Cell, Column } from "./column.js";

/** A row as one line of JSON, by the names of its columns; what is empty is null. */
export function jsonLine<Source>(columns: readonly Column<Source>[], source: Source): string {
  return `${JSON.stringify(Object.fromEntries(columns.map((column) => [column.name, value(column.cell(source))])))}\n`;
}

function value(cell: Cell): string | number | boolean | null {
  if (cell.value === null) return null;
  if (cell.kind === "money") return fromMoney(cell.value);
  return cell.kind === "time" ? cell.value.toISOString() : cell.value;
}
