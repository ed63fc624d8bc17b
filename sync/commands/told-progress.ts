import type { Terminal } from "../../src/cli/terminal.js";
import { span } from "../../src/words/in-words.js";
import { printable } from "../../src/words/printable.js";
import type { Progress } from "../plan/options.js";

const CLEAR = "\r\u001b[2K";
/** Shortest time between two paints of the same line, ms. */
const PAUSE = 100;

/** Shows what a recovery is doing in one line of stderr that is painted over; shows nothing if stdout is no terminal. */
export class ToldProgress implements Disposable {
  #painted = Number.NEGATIVE_INFINITY;
  #at = "";
  #isThere = false;

  constructor(private readonly terminal: Terminal) {}

  readonly tell = ({ at, what, elapsed }: Progress): void => {
    if (!this.terminal.isScreen) return;
    const now = performance.now();
    if (at === this.#at && now - this.#painted < PAUSE) return;
    [this.#at, this.#painted, this.#isThere] = [at, now, true];
    const line = printable(`${at}: ${what} (${span(elapsed)})`).slice(0, this.terminal.size().columns - 1);
    this.terminal.err(`${CLEAR}${this.terminal.colours.dim(line)}`);
  };

  /** Removes the line. */
  [Symbol.dispose](): void {
    if (this.#isThere) this.terminal.err(CLEAR);
    this.#isThere = false;
  }
}
