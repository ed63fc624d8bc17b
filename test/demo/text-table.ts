export interface Column {
  readonly head: string;
  readonly align: "left" | "right";
}

export type Paint = (style: "bold" | "dim" | "red" | "green" | "yellow", text: string) => string;

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** Colours on a terminal, and nowhere else. */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const on = stream.isTTY === true && (process.env.NO_COLOR ?? "") === "";
  return (style, text) => (on ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text);
}

/** A text table with a line below its heads; `paintCell` may colour a cell that is already as wide as its column. */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paintCell: (cell: string, row: number, column: number) => string = (cell) => cell,
): string {
  const widths = columns.map(({ head }, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[], paint: (cell: string, column: number) => string) =>
    columns
      .map(({ align }, i) => {
        const cell = cells[i] ?? "";
        const width = widths[i] ?? 0;
        return paint(align === "left" ? cell.padEnd(width) : cell.padStart(width), i);
      })
      .join("  ")
      .trimEnd();
  return [
    line(
      columns.map(({ head }) => head),
      (cell) => cell,
    ),
    widths.map((width) => "─".repeat(width)).join("──"),
    ...rows.map((cells, row) => line(cells, (cell, column) => paintCell(cell, row, column))),
  ].join("\n");
}
