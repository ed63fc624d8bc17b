import { printableLines } from "../words/printable.js";
import type { Terminal } from "./terminal.js";

/** Prints lines of CSV: exactly where a program reads them, so that nothing is steered where a person does. */
export function csvOut(terminal: Terminal, lines: readonly string[]): void {
  const text = lines.join("");
  terminal.out(terminal.isScreen ? printableLines(text.replaceAll("\r\n", "\n")) : text);
}
