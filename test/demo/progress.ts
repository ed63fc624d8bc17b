/** How far a run is, on stderr: a bar on a terminal; elsewhere a line for every tenth. */
export class Progress {
  readonly #total: number;
  readonly #isTerminal = process.stderr.isTTY;
  #tenth: number;
  #drawn = 0;

  constructor(total: number, done: number) {
    this.#total = total;
    this.#tenth = this.#tenthOf(done);
  }

  at(done: number, words: string): void {
    if (this.#isTerminal) this.#draw(done, words);
    else if (this.#tenthOf(done) > this.#tenth) {
      this.#tenth = this.#tenthOf(done);
      process.stderr.write(`${String(this.#tenth * 10).padStart(3)}%  ${words}\n`);
    }
  }

  /** A line above the bar. */
  line(text: string): void {
    process.stderr.write(this.#isTerminal ? `\r\x1b[2K${text}\n` : `${text}\n`);
  }

  end(): void {
    if (this.#isTerminal) process.stderr.write("\r\x1b[2K");
  }

  #draw(done: number, words: string): void {
    const now = performance.now();
    if (now - this.#drawn < 50 && done < this.#total) return;
    this.#drawn = now;
    const width = 30;
    const full = Math.floor((done / this.#total) * width);
    const percent = String(Math.floor((done / this.#total) * 100)).padStart(3);
    process.stderr.write(`\r\x1b[2K${"█".repeat(full)}${"░".repeat(width - full)} ${percent}%  ${words}`);
  }

  #tenthOf(done: number): number {
    return Math.floor((done / this.#total) * 10);
  }
}
