/** Says on a terminal how far a long run is; says nothing elsewhere. */
export class Progress {
  readonly #total: number;
  readonly #shown = process.stderr.isTTY;
  #done = 0;

  constructor(total: number) {
    this.#total = total;
  }

  /** Begins the next of `total` steps. */
  at(step: string): void {
    if (!this.#shown) return;
    const width = 24;
    const full = Math.floor((this.#done++ / this.#total) * width);
    process.stderr.write(`\r\x1b[2K${"█".repeat(full)}${"░".repeat(width - full)} ${step}`);
  }

  end(): void {
    if (this.#shown) process.stderr.write("\r\x1b[2K");
  }
}
