/** Does something every so often, one time after the other, and once more at the end. What goes wrong is told, and tried again. */
export class SnapshotWriter {
  readonly #write: () => Promise<void>;
  readonly #warn: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  #last: Promise<void> = Promise.resolve();
  #waiting = false;

  /** Begins at once. `every` in ms. */
  constructor(every: number, write: () => Promise<void>, warn: (message: string) => void) {
    this.#write = write;
    this.#warn = warn;
    this.#timer = setInterval(() => this.#next(), every).unref();
    this.#next();
  }

  /** Writes a last time; resolves when that is done. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    this.#next();
    await this.#last;
  }

  /** A write that has not begun is as good as another one. */
  #next(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#last = this.#last
      .then(() => {
        this.#waiting = false;
        return this.#write();
      })
      .catch((error: unknown) => {
        this.#warn(`the snapshot was not written: ${error instanceof Error ? error.message : error}`);
      });
  }
}
