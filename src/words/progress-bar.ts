/** Where a bar is painted. */
export interface BarScreen {
  /** Writes text as it is. */
  err(text: string): void;
  /** Whether a bar can be painted on it: it is a terminal. */
  readonly isScreen: boolean;
}

/** The stderr of this process. */
export function onStderr(): BarScreen {
  return { err: (text) => void process.stderr.write(text), isScreen: process.stderr.isTTY === true };
}

export interface BarOptions {
  /** What is happening, in words behind the bar. */
  readonly words?: string;
  /** Without a terminal: print a line for every tenth after this fraction; absent: print nothing. */
  readonly tenthsAfter?: number;
}

const WIDTH = 30;
/** Shortest time between two paints, ms. */
const PAUSE = 50;
const CLEAR = "\r\u001b[2K";

/** A bar while something lasts, on a terminal. */
export class ProgressBar implements Disposable {
  #painted = Number.NEGATIVE_INFINITY;
  #tenth: number;

  constructor(
    private readonly screen: BarScreen,
    private readonly options: BarOptions = {},
  ) {
    this.#tenth = options.tenthsAfter === undefined ? 10 : Math.floor(options.tenthsAfter * 10);
  }

  /** Shows that `done` of `total` steps are done. */
  readonly at = (done: number, total: number, words = this.options.words ?? ""): void => {
    const part = total === 0 ? 1 : Math.min(1, done / total);
    if (this.screen.isScreen) this.#paint(part, words);
    else this.#say(part, words);
  };

  /** Shows words without a bar, while the total is not known. */
  readonly words = (words: string): void => {
    const now = performance.now();
    if (!this.screen.isScreen || now - this.#painted < PAUSE) return;
    this.#painted = now;
    this.screen.err(`${CLEAR}${words}`);
  };

  /** Prints a line above the bar. */
  line(text: string): void {
    this.screen.err(this.screen.isScreen ? `${CLEAR}${text}\n` : `${text}\n`);
  }

  [Symbol.dispose](): void {
    if (Number.isFinite(this.#painted)) this.screen.err(CLEAR);
  }

  #paint(part: number, words: string): void {
    const now = performance.now();
    if (now - this.#painted < PAUSE && part < 1) return;
    this.#painted = now;
    const full = Math.floor(part * WIDTH);
    this.screen.err(`${CLEAR}${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${percent(part * 100)}  ${words}`);
  }

  #say(part: number, words: string): void {
    const tenth = Math.floor(part * 10);
    if (tenth <= this.#tenth) return;
    this.#tenth = tenth;
    this.screen.err(`${percent(tenth * 10)}  ${words}\n`);
  }
}

function percent(value: number): string {
  return `${String(Math.floor(value)).padStart(3)}%`;
}
