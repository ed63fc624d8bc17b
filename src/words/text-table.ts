/** Tables for people. */
import CliTable from "cli-table3";
import { printable } from "./printable.js";

/** A column: its heading, and how its cells are aligned. */
export interface TextColumn {
  readonly title: string;
  readonly align?: "left" | "right";
}

const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
} as const;

/** How a table looks. */
export interface TableStyle {
  /** How a title is shown; by default in capitals. */
  readonly heading?: (title: string) => string;
  /** Colours a cell. */
  readonly cell?: (text: string, row: number, column: number) => string;
}

export function capitals(title: string): string {
  return title.toUpperCase();
}

/** A table as text, with a heading and no lines. Ends with a line break. */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  { heading = capitals, cell = (text) => text }: TableStyle = {},
): string {
  const grid = new CliTable({
    chars: NO_LINES,
    colAligns: columns.map(({ align }) => align ?? "left"),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  grid.push(columns.map(({ title }) => heading(title)));
  for (const [at, row] of rows.entries()) grid.push(row.map((text, column) => cell(printable(text), at, column)));
  return `${grid
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}
