import { type TextColumn, textTable } from "../words/text-table.js";
import type { Terminal } from "./terminal.js";

/** A table for a terminal. */
export function table(
  terminal: Terminal,
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
): string {
  return textTable(columns, rows, terminal.colours.dim);
}
