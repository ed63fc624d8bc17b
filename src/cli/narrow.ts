/** A terminal with no room for all columns. */
import type { Terminal } from "./terminal.js";

/** Fewer columns have no room for all that there is to tell. */
const WIDE = 120;

export const WIDE_WORDS = "all columns, ids and digits in full, also on a narrow terminal";

/** Whether a person looks at it on a screen that is narrow, and did not say `--wide`. */
export function isNarrow(terminal: Terminal, wide: true | undefined): boolean {
  return !wide && terminal.isScreen && terminal.size().columns < WIDE;
}
