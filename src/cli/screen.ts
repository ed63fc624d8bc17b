import type { Terminal } from "./terminal.js";

const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l"; // alternate screen, no cursor, no wrapping
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_REST = "\u001b[J";
/** Some terminals wait with a frame until it is complete; others ignore these sequences. */
const [BEGIN_FRAME, END_FRAME] = ["\u001b[?2026h", "\u001b[?2026l"];

/** The whole screen, painted over in place. The old content comes back at the end. */
export class Screen implements Disposable {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.out(ENTER);
  }

  /** Shows as much of the text as fits. Nothing is cleared before it is painted over, so that nothing flickers. */
  paint(text: string): void {
    const { rows } = this.#terminal.size();
    const lines = text.trimEnd().split("\n").slice(0, rows);
    const frame = lines.map((line) => line + CLEAR_LINE).join("\r\n");
    this.#terminal.out(BEGIN_FRAME + HOME + frame + CLEAR_REST + END_FRAME);
  }

  [Symbol.dispose](): void {
    this.#terminal.out(LEAVE);
  }
}
