/** Narrow terminals, which have no room for all columns. */
import type { Terminal } from "./terminal.js";

/** A terminal with fewer columns counts as narrow. */
const WIDE = 120;

export const WIDE_WORDS = "all columns, ids and digits in full, also on a narrow terminal";

/** Whether the output goes to a narrow terminal, without `--wide`. */
export function isNarrow(terminal: Terminal, wide: true | undefined): boolean {
  return !wide && terminal.isScreen && terminal.size().columns < WIDE;
}
