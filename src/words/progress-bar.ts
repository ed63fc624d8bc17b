/** Where a bar is painted. */
export interface BarScreen {
  /** Writes text as it is. */
  err(text: string): void;
  /** Whether it can be painted on: it is a terminal. */
  readonly isScreen: boolean;
}

const WIDTH = 30;
/** Not painted more often, ms. */
const PAUSE = 50;

/** A bar on stderr while something lasts; nothing where there is no terminal. */
export class ProgressBar implements Disposable {
  #painted = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly terminal: BarScreen,
    private readonly words: string,
  ) {}

  /** Steps done, of so many. */
  readonly at = (done: number, total: number): void => {
    const now = performance.now();
    if (!this.terminal.isScreen || (now - this.#painted < PAUSE && done < total)) return;
    this.#painted = now;
    const full = total === 0 ? WIDTH : Math.floor((done / total) * WIDTH);
    const percent = String(total === 0 ? 100 : Math.floor((done / total) * 100)).padStart(3);
    this.terminal.err(`\r\u001b[2K${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${percent}%  ${this.words}`);
  };

  [Symbol.dispose](): void {
    if (Number.isFinite(this.#painted)) this.terminal.err("\r\u001b[2K");
  }
}
