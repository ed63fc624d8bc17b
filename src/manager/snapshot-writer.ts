/**
 * Takes something every so often and writes it down, one after the other, and once more at the end. What goes wrong is told, and
 * tried again.
 */
import { errorText } from "../words/error-text.js";
export class SnapshotWriter<Snapshot> {
  readonly #take: () => Promise<Snapshot>;
  readonly #write: (snapshot: Snapshot) => Promise<void>;
  readonly #warn: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  #last: Promise<void> = Promise.resolve();
  #waiting = false;
  #finished = false;

  /** Begins at once. `every` in ms. */
  constructor(
    every: number,
    take: () => Promise<Snapshot>,
    write: (snapshot: Snapshot) => Promise<void>,
    warn: (message: string) => void,
  ) {
    this.#take = take;
    this.#write = write;
    this.#warn = warn;
    this.#timer = setInterval(() => this.#next(), every).unref();
    this.#next();
  }

  /** Takes a last one now, before it returns to its caller; resolves when that is written. */
  finish(): Promise<void> {
    clearInterval(this.#timer);
    this.#finished = true;
    const taken = this.#take();
    taken.catch(() => {}); // told when its turn comes to be written
    this.#after(() => taken);
    return this.#last;
  }

  /** One that waits for its turn is as good as another one. */
  #next(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#after(() => {
      this.#waiting = false;
      return this.#finished ? undefined : this.#take();
    });
  }

  /** Writes what `take` takes when its turn comes; nothing, when it takes nothing. */
  #after(take: () => Promise<Snapshot> | undefined): void {
    this.#last = this.#last
      .then(async () => {
        const taken = await take();
        if (taken !== undefined) await this.#write(taken);
      })
      .catch((error: unknown) => {
        this.#warn(`the snapshot was not written: ${errorText(error)}`);
      });
  }
}
