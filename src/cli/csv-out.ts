import { printableLines } from "../words/printable.js";
import type { Terminal } from "./terminal.js";

/** Prints lines of CSV: exactly if a program reads them; on a terminal so that they steer nothing. */
export function csvOut(terminal: Terminal, lines: readonly string[]): void {
  const text = lines.join("");
  terminal.out(terminal.isScreen ? printableLines(text.replaceAll("\r\n", "\n")) : text);
}
