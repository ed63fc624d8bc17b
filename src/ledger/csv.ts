/** CSV as spreadsheets read it (RFC 4180), in which no stored text is a formula. */
import { formatMoney } from "../exact/money.js";
import type { Cell, Column } from "./column.js";

/** Characters that a spreadsheet may take for the beginning of a formula, also behind characters that it does not show. */
const FORMULA = /^[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]*[=+\-@\uFF0B\uFF0D\uFF1D\uFF20]/u;

export function csvHead(columns: readonly Column<never>[]): string {
  return csvLine(columns.map(({ name }) => name));
}

export function csvRow<Source>(columns: readonly Column<Source>[], source: Source): string {
  return csvLine(columns.map((column) => cellText(column.cell(source))));
}

/** Numbers and times are written as they are. A text that could be a formula gets an apostrophe, which spreadsheets hide. */
export function cellText(cell: Cell): string {
  if (cell.value === null) return "";
  switch (cell.kind) {
    case "text":
      return FORMULA.test(cell.value) ? `'${cell.value}` : cell.value;
    case "money":
      return formatMoney(cell.value);
    case "time":
      return cell.value.toISOString();
    default:
      return String(cell.value);
  }
}

export function csvLine(cells: readonly string[]): string {
  return `${cells.map(quoted).join(",")}\r\n`;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) || cell !== cell.trim() ? `"${cell.replaceAll('"', '""')}"` : cell;
}
