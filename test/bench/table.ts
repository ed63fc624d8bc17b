/** Text tables: the first column to the left, numbers to the right. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(heads), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}

/** µs, with as many digits as mean something. */
export function micros(value: number): string {
  return known(value, () => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0));
}

export function count(value: number): string {
  return known(value, () => Math.round(value).toLocaleString("en-US"));
}

export function times(value: number): string {
  return known(value, () => `${value.toFixed(2)}x`);
}

export function percent(value: number): string {
  return known(value, () => `${(value * 100).toFixed(0)}%`);
}

/** A dash where nothing was measured. */
function known(value: number, text: () => string): string {
  return Number.isNaN(value) ? "-" : text();
}
