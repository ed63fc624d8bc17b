import { capitals, type TextColumn, textTable } from "../words/text-table.js";
import type { Terminal } from "./terminal.js";

/** A table for a terminal. */
export function table(
  terminal: Terminal,
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
): string {
  return textTable(columns, rows, { heading: (title) => terminal.colours.dim(capitals(title)) });
}
